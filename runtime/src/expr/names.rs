//! What expressions may speak of: the tables that the checks, the completion and the reference share.

/// A name bound to something of the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownName {
    /// The name.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
}

/// A function, macro or method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownFunction {
    /// The name; `math.` and `optional.` functions with it.
    pub name: &'static str,
    /// An expression that uses it and yields true: example and test in one.
    pub example: &'static str,
    /// One sentence.
    pub help: &'static str,
}

/// Every name an expression may use.
pub const NAMES: &[KnownName] = &[
    KnownName { name: "message", help: "The payload as a JSON value: message.amount, message.lines[0].sku." },
    KnownName { name: "headers", help: "The headers by name: headers.tenant, headers[\"x-tenant\"]." },
    KnownName { name: "key", help: "The ordering key, or null." },
    KnownName { name: "topic", help: "The topic it was published to, or null." },
    KnownName { name: "id", help: "The message id as text." },
    KnownName { name: "correlation", help: "The correlation id, or null." },
    KnownName {
        name: "size",
        help: "The payload's size in bytes. (As a function, size(x) counts the items of a list or the characters of a text.)",
    },
    KnownName { name: "attempt", help: "Which delivery attempt this is, from 1." },
    KnownName { name: "priority", help: "The priority, 0 to 255." },
];

const fn f(name: &'static str, example: &'static str, help: &'static str) -> KnownFunction {
    KnownFunction { name, example, help }
}

/// Every function an expression may call.
pub const FUNCTIONS: &[KnownFunction] = &[
    f("has", "has({'a': 1}.a)", "Whether a field is there."),
    f("size", "size('abc') == 3", "Characters of a text, items of a list or map."),
    f("all", "[1, 2].all(x, x > 0)", "Whether all items fulfil a condition."),
    f("exists", "[1, 2].exists(x, x > 1)", "Whether some item fulfils a condition."),
    f("exists_one", "[1, 2].exists_one(x, x > 1)", "Whether exactly one item fulfils a condition."),
    f("existsOne", "[1, 2].existsOne(x, x > 1)", "The same as exists_one."),
    f("map", "[1, 2].map(x, x * 2) == [2, 4]", "Each item made into another."),
    f("filter", "[1, 2].filter(x, x > 1) == [2]", "The items that fulfil a condition."),
    f("int", "int('5') == 5", "A whole number from a text or a double."),
    f("uint", "uint(5) == 5u", "An unsigned whole number."),
    f("double", "double(5) == 5.0", "A number with a fraction from a text or an int."),
    f("string", "string(5) == '5'", "A text from a number."),
    f("bool", "bool('true')", "True or false from a text."),
    f("bytes", "bytes('a') == b'a'", "The bytes of a text."),
    f("dyn", "dyn(1) == 1", "The same value, of any type."),
    f("type", "type(1) == int", "The type of a value."),
    f("contains", "'abc'.contains('b')", "Whether a text holds another."),
    f("startsWith", "'abc'.startsWith('a')", "Whether a text begins with another."),
    f("endsWith", "'abc'.endsWith('c')", "Whether a text ends with another."),
    f("matches", "'abc'.matches('^a.c$')", "Whether a text matches a regular expression."),
    f("charAt", "'abc'.charAt(1) == 'b'", "One character."),
    f("indexOf", "'abc'.indexOf('c') == 2", "Where a text stands in another, -1 if nowhere."),
    f("lastIndexOf", "'aba'.lastIndexOf('a') == 2", "Where a text stands last in another."),
    f("lowerAscii", "'ABC'.lowerAscii() == 'abc'", "In small letters."),
    f("upperAscii", "'abc'.upperAscii() == 'ABC'", "In capitals."),
    f("replace", "'abc'.replace('b', 'x') == 'axc'", "With a part replaced."),
    f("split", "'a,b'.split(',') == ['a', 'b']", "The parts between separators."),
    f("join", "['a', 'b'].join('-') == 'a-b'", "Texts put together."),
    f("substring", "'abc'.substring(1) == 'bc'", "A part by positions."),
    f("trim", "' a '.trim() == 'a'", "Without white space at its ends."),
    f("reverse", "'abc'.reverse() == 'cba'", "Backwards."),
    f("format", "'%d of %s'.format([1, 'a']) == '1 of a'", "A text with values put in."),
    f("strings.quote", "strings.quote('a') == '\"a\"'", "In quotation marks, with escapes."),
    f("math.greatest", "math.greatest(1, 3, 2) == 3", "The largest."),
    f("math.least", "math.least(1, 3, 2) == 1", "The smallest."),
    f("math.abs", "math.abs(-2) == 2", "Without its sign."),
    f("math.sign", "math.sign(-2) == -1", "-1, 0 or 1."),
    f("math.ceil", "math.ceil(1.2) == 2.0", "Rounded up."),
    f("math.floor", "math.floor(1.8) == 1.0", "Rounded down."),
    f("math.round", "math.round(1.5) == 2.0", "Rounded."),
    f("math.trunc", "math.trunc(1.8) == 1.0", "Without its fraction."),
    f("math.sqrt", "math.sqrt(9.0) == 3.0", "The square root."),
    f("math.isNaN", "math.isNaN(0.0 / 0.0)", "Whether it is not a number."),
    f("math.isInf", "math.isInf(1.0 / 0.0)", "Whether it is infinite."),
    f("math.isFinite", "math.isFinite(1.0)", "Whether it is a finite number."),
    f("math.bitAnd", "math.bitAnd(6, 3) == 2", "Bits set in both."),
    f("math.bitOr", "math.bitOr(6, 3) == 7", "Bits set in either."),
    f("math.bitXor", "math.bitXor(6, 3) == 5", "Bits set in one."),
    f("math.bitNot", "math.bitNot(0) == -1", "Bits turned over."),
    f("math.bitShiftLeft", "math.bitShiftLeft(1, 3) == 8", "Bits moved up."),
    f("math.bitShiftRight", "math.bitShiftRight(8, 3) == 1", "Bits moved down."),
    f("optional.of", "optional.of(1).hasValue()", "A value that may be asked for."),
    f("optional.none", "!optional.none().hasValue()", "No value."),
    f("optional.ofNonZeroValue", "!optional.ofNonZeroValue(0).hasValue()", "No value for zero and empty."),
    f("hasValue", "{'a': 1}.?a.hasValue()", "Whether an optional has a value."),
    f("value", "{'a': 1}.?a.value() == 1", "The value of an optional."),
    f("or", "{'a': 1}.?b.or({'a': 1}.?a).value() == 1", "The first optional that has a value."),
    f("orValue", "{'a': 1}.?b.orValue(7) == 7", "The value of an optional, or another: message.?discount.orValue(0)."),
    f("optMap", "{'a': 1}.?a.optMap(x, x + 1).value() == 2", "An optional made into another."),
    f("optFlatMap", "{'a': 1}.?a.optFlatMap(x, optional.of(x + 1)).value() == 2", "An optional made into another optional."),
];

/// The names of CEL's types, for `type(x) == int`.
pub(super) const TYPES: &[&str] =
    &["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type", "dyn", "optional_type"];
