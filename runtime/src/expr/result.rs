//! What expressions yield, as JSON values, in an order that never depends on a hash.

use crate::message::Value;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, MapExpr};
use cel::common::types::{CelBool, CelBytes, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelOptional, CelString, CelUInt};
use cel::common::value::{BuiltinRef, Val};
use cel::{Context, ExecutionError};

/// Evaluates to JSON. Maps and lists written in the expression are built here, entry by entry, so that they keep their order; everything
/// else is CEL's. The outer error is CEL's; the inner one says why a value is no JSON.
pub(super) fn value_of(expression: &IdedExpr, context: &Context<'_, '_>) -> Result<Result<Value, String>, ExecutionError> {
    match &expression.expr {
        Expr::Map(map) if plain(map) => {
            let mut made = serde_json::Map::new();
            for entry in &map.entries {
                let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
                let key = cel::Value::resolve_val(&entry.key, context)?;
                let key = match key.downcast_ref::<CelString<'_>>() {
                    Some(key) => key.inner().to_owned(),
                    None => return Ok(Err(format!("the names in a map must be texts, found {}", sort_of(&*key)))),
                };
                let value = match value_of(&entry.value, context)? {
                    Ok(value) => value,
                    Err(words) => return Ok(Err(words)),
                };
                if made.contains_key(&key) {
                    return Ok(Err(format!("`{key}` stands twice in a map")));
                }
                made.insert(key, value);
            }
            Ok(Ok(Value::Object(made)))
        }
        Expr::List(list) if list.optional_indices.is_empty() => {
            let mut made = Vec::with_capacity(list.elements.len());
            for element in &list.elements {
                match value_of(element, context)? {
                    Ok(value) => made.push(value),
                    Err(words) => return Ok(Err(words)),
                }
            }
            Ok(Ok(Value::Array(made)))
        }
        _ => Ok(json(&*cel::Value::resolve_val(expression, context)?)),
    }
}

/// Without optional entries (`?name: value`).
fn plain(map: &MapExpr) -> bool {
    map.entries.iter().all(|entry| matches!(&entry.expr, EntryExpr::MapEntry(entry) if !entry.optional))
}

fn json(value: &dyn Val) -> Result<Value, String> {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        Ok(Value::from(text.inner()))
    } else if let Some(number) = value.downcast_ref::<CelInt>() {
        Ok(Value::from(*number.inner()))
    } else if let Some(number) = value.downcast_ref::<CelDouble>() {
        let number = *number.inner();
        serde_json::Number::from_f64(number).map(Value::Number).ok_or_else(|| format!("{number} is no JSON number"))
    } else if let Some(flag) = value.downcast_ref::<CelBool>() {
        Ok(Value::from(*flag.inner()))
    } else if value.downcast_ref::<CelNull>().is_some() {
        Ok(Value::Null)
    } else if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        list.inner().iter().map(|item| json(&**item)).collect::<Result<Vec<_>, _>>().map(Value::Array)
    } else if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        object(value, map)
    } else if let Some(number) = value.downcast_ref::<CelUInt>() {
        Ok(Value::from(*number.inner()))
    } else if let Some(optional) = value.downcast_ref::<CelOptional<'_>>() {
        optional.option().map_or(Ok(Value::Null), json)
    } else {
        Err(format!("{} is no JSON value", sort_of(value)))
    }
}

fn object(value: &dyn Val, map: &CelMap<'_>) -> Result<Value, String> {
    let name = |key: &CelMapKey<'_>| match key {
        CelMapKey::String(text) => text.inner().to_owned(),
        CelMapKey::Int(number) => number.inner().to_string(),
        CelMapKey::UInt(number) => number.inner().to_string(),
        CelMapKey::Bool(flag) => flag.inner().to_string(),
    };
    let mut names: Vec<(String, &CelMapKey<'_>)> = map.inner().keys().map(|key| (name(key), key)).collect();
    match is_view(value).then(|| value.as_iterable()).flatten() {
        Some(view) => {
            let mut order = Vec::with_capacity(names.len());
            let mut keys = view.iter();
            while let Some(key) = keys.next() {
                order.extend(key.downcast_ref::<CelString<'_>>().map(|key| key.inner().to_owned()));
            }
            names.sort_by_cached_key(|(name, _)| order.iter().position(|known| known == name));
        }
        // CEL's own maps hash with a different seed in each process: their order means nothing, so the names are sorted.
        None => names.sort_unstable_by(|a, b| a.0.cmp(&b.0)),
    }
    let fields = names.into_iter().map(|(name, key)| Ok((name, json(&*map.inner()[key])?)));
    fields.collect::<Result<serde_json::Map<_, _>, String>>().map(Value::Object)
}

/// Whether a map is a view of the payload, which knows its order: a view keeps CEL's map in a box of its own, while CEL's map answers
/// with itself. (Values that borrow cannot be recognised by their type.)
fn is_view(value: &dyn Val) -> bool {
    match value.as_builtin() {
        BuiltinRef::Map(map) => !std::ptr::addr_eq(std::ptr::from_ref(map), std::ptr::from_ref(value)),
        _ => false,
    }
}

/// What sort of value it is, in words.
pub(super) fn sort_of(value: &dyn Val) -> &'static str {
    if value.downcast_ref::<CelString<'_>>().is_some() {
        "a text"
    } else if value.downcast_ref::<CelInt>().is_some() || value.downcast_ref::<CelUInt>().is_some() {
        "a whole number"
    } else if value.downcast_ref::<CelDouble>().is_some() {
        "a number"
    } else if value.downcast_ref::<CelBool>().is_some() {
        "true or false"
    } else if value.downcast_ref::<CelNull>().is_some() {
        "null"
    } else if value.downcast_ref::<CelList<'_>>().is_some() {
        "a list"
    } else if value.downcast_ref::<CelMap<'_>>().is_some() {
        "a map"
    } else if value.downcast_ref::<CelBytes<'_>>().is_some() {
        "bytes"
    } else if value.downcast_ref::<CelOptional<'_>>().is_some() {
        "an optional (add .orValue(...))"
    } else {
        "a type"
    }
}
