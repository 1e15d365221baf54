//! Binds a message to the names of an expression without copying it: objects and arrays of the payload become views that hand out what is
//! asked for, and turn into CEL's own maps and lists only where an operation needs the whole.

use crate::message::{Message, Settlement, Value};
use cel::ExecutionError;
use cel::common::traits::{Adder, Container, Indexer, Iterable, Iterator as CelIterator, Sizer};
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, LIST_TYPE, MAP_TYPE, Type};
use cel::common::value::{Builtin, BuiltinRef, CowVal, Val};
use cel::context::VariableResolver;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

static NULL: CelNull = CelNull;

/// What an expression's names stand for, for one message.
pub(super) struct Bindings<'m> {
    pub message: &'m Message,
    /// Longer lists are not looped over.
    pub most_items: usize,
}

impl<'m> Bindings<'m> {
    pub const fn new(message: &'m Message, most_items: usize) -> Self {
        Self { message, most_items }
    }

    fn text(text: Option<&str>) -> CowVal<'_, '_> {
        text.map_or(CowVal::Borrowed(&NULL), |text| CowVal::owned(CelString::from(text)))
    }

    fn int<'b>(number: i64) -> CowVal<'b, 'b> {
        CowVal::owned(CelInt::from(number))
    }

    /// The part of the payload or headers that a path names, such as `message.customer.name`.
    pub fn part(&self, path: &str) -> Option<&'m Value> {
        let (root, mut fields) = match path.split_once('.') {
            Some((root, rest)) => (root, rest.split('.')),
            None if path == "message" => return self.message.payload.value().ok(),
            None => return None,
        };
        let start = match root {
            "message" => self.message.payload.value().ok()?,
            "headers" => self.message.header(fields.next()?)?,
            _ => return None,
        };
        fields.try_fold(start, |value, field| value.as_object()?.get(field))
    }
}

impl VariableResolver for Bindings<'_> {
    /// CEL asks for the longest name first: for `message.customer.name` it asks for just that, and only if there is no such thing for
    /// `message.customer` and so on. So a path costs one look-up and no view.
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let message = self.message;
        Some(match name {
            "headers" => CowVal::owned(Object::new(Entries::Headers(&message.head().headers), self.most_items)),
            "key" => Self::text(message.key()),
            "topic" => Self::text(message.head().topic.as_deref()),
            "correlation" => Self::text(message.head().correlation.as_deref()),
            "id" => CowVal::owned(CelString::from(message.id.to_string())),
            "size" => Self::int(whole(message.payload.len())),
            "priority" => Self::int(i64::from(message.priority)),
            "attempt" => match &message.settlement {
                Settlement::One(delivery) => Self::int(i64::from(delivery.attempt)),
                _ => Self::int(1),
            },
            path => bound(self.part(path)?, self.most_items),
        })
    }
}

/// A JSON value as CEL sees it. Whole numbers are ints; what no int holds is a double.
fn bound<'b, 'a: 'b>(value: &'a Value, most_items: usize) -> CowVal<'b, 'a> {
    match value {
        Value::Null => CowVal::Borrowed(&NULL),
        Value::Bool(flag) => CowVal::owned(CelBool::from(*flag)),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => CowVal::owned(CelInt::from(whole)),
            None => CowVal::owned(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => CowVal::owned(CelString::from(text.as_str())),
        Value::Array(items) => CowVal::owned(List { items, most_items, whole: OnceLock::new() }),
        Value::Object(map) => CowVal::owned(Object::new(Entries::Fields(map), most_items)),
    }
}

/// A length as CEL counts.
fn whole(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[derive(Clone, Copy, Debug)]
enum Entries<'a> {
    Fields(&'a serde_json::Map<String, Value>),
    Headers(&'a [(Arc<str>, Value)]),
}

impl<'a> Entries<'a> {
    fn get(self, name: &str) -> Option<&'a Value> {
        match self {
            Self::Fields(map) => map.get(name),
            Self::Headers(headers) => headers.iter().find(|(known, _)| &**known == name).map(|(_, value)| value),
        }
    }

    fn all(self) -> Vec<(&'a str, &'a Value)> {
        match self {
            Self::Fields(map) => map.iter().map(|(name, value)| (name.as_str(), value)).collect(),
            Self::Headers(headers) => headers.iter().map(|(name, value)| (&**name, value)).collect(),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Fields(map) => map.len(),
            Self::Headers(headers) => headers.len(),
        }
    }
}

/// An object of the payload, or the headers.
#[derive(Debug)]
struct Object<'a> {
    entries: Entries<'a>,
    most_items: usize,
    /// The names in their order, for loops.
    names: OnceLock<Vec<CelString<'a>>>,
    /// Boxed, so that its address is never that of the view (see `result::is_view`).
    whole: OnceLock<Box<CelMap<'a>>>,
}

impl<'a> Object<'a> {
    const fn new(entries: Entries<'a>, most_items: usize) -> Self {
        Self { entries, most_items, names: OnceLock::new(), whole: OnceLock::new() }
    }

    fn whole(&self) -> &CelMap<'a> {
        self.whole.get_or_init(|| {
            let entries = self.entries.all().into_iter();
            let entries =
                entries.map(|(name, value)| (CelMapKey::String(CelString::from(name)), bound(value, self.most_items).into_owned()));
            Box::new(CelMap::from(entries.collect::<HashMap<_, _>>()))
        })
    }

    fn field(&self, key: &dyn Val) -> Result<&'a Value, ExecutionError> {
        let Some(name) = key.downcast_ref::<CelString<'_>>() else {
            return Err(ExecutionError::UnexpectedType { got: key.get_type().name().to_owned(), want: "string".to_owned() });
        };
        self.entries.get(name.inner()).ok_or_else(|| ExecutionError::no_such_key(name.inner()))
    }
}

impl Val for Object<'_> {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }
    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }
    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }
    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
    fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
    where
        Self: 'v,
    {
        Some(self)
    }
    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        (self.entries.len() <= self.most_items).then_some(self as _)
    }
    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }
    fn equals(&self, other: &dyn Val) -> bool {
        self.whole().equals(other)
    }
    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(Object::new(self.entries, self.most_items))
    }
    fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
    where
        Self: 'v,
    {
        BuiltinRef::Map(self.whole())
    }
    fn into_builtin<'v>(self: Box<Self>) -> Option<Builtin<'v>>
    where
        Self: 'v,
    {
        Some(Builtin::Map(self.whole().clone()))
    }
}

impl Container for Object<'_> {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        match key.downcast_ref::<CelString<'_>>() {
            Some(name) => Ok(self.entries.get(name.inner()).is_some()),
            None => self.whole().contains(key),
        }
    }
}

impl Indexer for Object<'_> {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Ok(bound(self.field(key)?, self.most_items))
    }
    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Ok(bound(self.field(key)?, self.most_items).into_owned())
    }
}

struct Names<'b, 'a>(std::slice::Iter<'b, CelString<'a>>);

impl<'b, 'v, 'a: 'v> CelIterator<'b, 'v> for Names<'b, 'a> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next().map(|name| name as &(dyn Val + 'v))
    }
}

impl Iterable for Object<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn CelIterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        let names = self.names.get_or_init(|| self.entries.all().into_iter().map(|(name, _)| CelString::from(name)).collect());
        Box::new(Names(names.iter()))
    }
}

impl Sizer for Object<'_> {
    fn size(&self) -> CelInt {
        CelInt::from(whole(self.entries.len()))
    }
}

/// An array of the payload.
#[derive(Debug)]
struct List<'a> {
    items: &'a [Value],
    most_items: usize,
    whole: OnceLock<Box<CelList<'a>>>,
}

impl<'a> List<'a> {
    fn whole(&self) -> &CelList<'a> {
        self.whole.get_or_init(|| {
            let items: Vec<_> = self.items.iter().map(|item| bound(item, self.most_items).into_owned()).collect();
            Box::new(CelList::from(items))
        })
    }

    /// The item at a whole number within the list; `None` leaves it to CEL's own list to judge.
    fn item(&self, index: &dyn Val) -> Option<&'a Value> {
        let index = index.downcast_ref::<CelInt>()?;
        self.items.get(usize::try_from(*index.inner()).ok()?)
    }
}

impl Val for List<'_> {
    fn get_type(&self) -> &Type {
        &LIST_TYPE
    }
    fn cel_type() -> &'static Type {
        &LIST_TYPE
    }
    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self.whole())
    }
    fn as_container(&self) -> Option<&dyn Container> {
        Some(self.whole())
    }
    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
    fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
    where
        Self: 'v,
    {
        Some(self)
    }
    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        (self.items.len() <= self.most_items).then(|| self.whole() as _)
    }
    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }
    fn equals(&self, other: &dyn Val) -> bool {
        self.whole().equals(other)
    }
    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(List { items: self.items, most_items: self.most_items, whole: OnceLock::new() })
    }
    fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
    where
        Self: 'v,
    {
        BuiltinRef::List(self.whole())
    }
    fn into_builtin<'v>(self: Box<Self>) -> Option<Builtin<'v>>
    where
        Self: 'v,
    {
        Some(Builtin::List(self.whole().clone()))
    }
}

impl Indexer for List<'_> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match self.item(index) {
            Some(item) => Ok(bound(item, self.most_items)),
            None => self.whole().get(index),
        }
    }
    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match self.item(index) {
            Some(item) => Ok(bound(item, self.most_items).into_owned()),
            None => Ok(self.whole().get(index)?.into_owned()),
        }
    }
}

impl Sizer for List<'_> {
    fn size(&self) -> CelInt {
        CelInt::from(whole(self.items.len()))
    }
}
