//! The table of distribution families: what the inspector makes widgets of, and what the reader reads by.

/// What sort of value a parameter takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParameterType {
    /// A span of time, zero allowed.
    Span,
    /// A span of time above zero.
    SpanAboveZero,
    /// A number above zero, up to 1,000,000.
    NumberAboveZero,
    /// A number of at least one, up to 1,000,000.
    NumberFromOne,
    /// A whole number from 1 to 10,000.
    Count,
    /// A list of spans.
    Spans,
    /// A list of shares that add up to one.
    Shares,
    /// A file to read.
    File,
    /// Text.
    Text,
}

/// One parameter of a family.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Parameter {
    /// The name in files.
    pub name: &'static str,
    /// Its type and limits.
    pub ty: ParameterType,
    /// One sentence.
    pub help: &'static str,
    /// A value to begin with, as written in a file; empty if the parameter may be absent.
    pub example: &'static str,
}

/// One family of distributions.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Family {
    /// The name in files.
    pub name: &'static str,
    /// The name on screen.
    pub title: &'static str,
    /// One sentence: what it models.
    pub help: &'static str,
    /// Its parameters in order.
    pub parameters: &'static [Parameter],
}

impl Family {
    /// The family with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.name == name)
    }

    /// The parameter with this name.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

const fn parameter(name: &'static str, ty: ParameterType, example: &'static str, help: &'static str) -> Parameter {
    Parameter { name, ty, help, example }
}

const MEAN: Parameter = parameter("mean", ParameterType::SpanAboveZero, "20 ms", "The mean.");

/// Every family, in the order of the inspector's list.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "constant",
        title: "Constant",
        help: "Always the same span.",
        parameters: &[parameter("value", ParameterType::Span, "20 ms", "The span.")],
    },
    Family {
        name: "exponential",
        title: "Exponential",
        help: "Without memory: gaps of a Poisson process, the service of the M/M queues.",
        parameters: &[MEAN],
    },
    Family {
        name: "uniform",
        title: "Uniform",
        help: "Every span between two limits is equally likely.",
        parameters: &[
            parameter("from", ParameterType::Span, "10 ms", "The shortest."),
            parameter("to", ParameterType::Span, "30 ms", "The longest."),
        ],
    },
    Family {
        name: "normal",
        title: "Normal",
        help: "Bell-shaped; a negative draw is drawn again, which lifts the mean a little where the deviation is large.",
        parameters: &[
            parameter("mean", ParameterType::Span, "20 ms", "The mean before the cut at zero."),
            parameter("deviation", ParameterType::Span, "5 ms", "The standard deviation before the cut at zero."),
        ],
    },
    Family {
        name: "log_normal",
        title: "Log-normal",
        help: "Skewed with a moderate tail: typical of response times. Mean and deviation are of the span itself, not of its logarithm.",
        parameters: &[MEAN, parameter("deviation", ParameterType::Span, "20 ms", "The standard deviation of the span.")],
    },
    Family {
        name: "gamma",
        title: "Gamma",
        help: "From bursty (shape below 1) over exponential (1) to nearly constant (large).",
        parameters: &[MEAN, parameter("shape", ParameterType::NumberAboveZero, "2", "1 / shape is the squared coefficient of variation.")],
    },
    Family {
        name: "erlang",
        title: "Erlang",
        help: "A fixed number of exponential phases in a row: steadier than exponential.",
        parameters: &[MEAN, parameter("phases", ParameterType::Count, "4", "How many phases.")],
    },
    Family {
        name: "hyper_exponential",
        title: "Hyper-exponential",
        help: "One of several exponentials: burstier than exponential. Give means and shares, or a mean and a squared coefficient of variation.",
        parameters: &[
            parameter("means", ParameterType::Spans, "[\"10 ms\", \"100 ms\"]", "The mean of each branch."),
            parameter("shares", ParameterType::Shares, "[0.9, 0.1]", "How often each branch is taken; they add up to 1."),
            parameter("mean", ParameterType::SpanAboveZero, "", "The mean of the whole, in place of `means`."),
            parameter("scv", ParameterType::NumberFromOne, "", "The squared coefficient of variation, in place of `shares`; at least 1."),
        ],
    },
    Family {
        name: "weibull",
        title: "Weibull",
        help: "Times to failure: shape below 1 early failures, 1 by chance, above 1 wear.",
        parameters: &[
            parameter("scale", ParameterType::SpanAboveZero, "20 ms", "The span that 63.2 % do not exceed."),
            parameter("shape", ParameterType::NumberAboveZero, "1.5", "The shape."),
        ],
    },
    Family {
        name: "pareto",
        title: "Pareto",
        help: "A heavy tail: few spans are very long. Up to shape 1 the mean is infinite, up to 2 the variance.",
        parameters: &[
            parameter("least", ParameterType::SpanAboveZero, "10 ms", "The shortest span."),
            parameter("shape", ParameterType::NumberAboveZero, "2.5", "The shape: the smaller, the heavier the tail."),
        ],
    },
    Family {
        name: "empirical",
        title: "Empirical",
        help: "One of the measured values, each as likely as the others. Give a list, or a file with one value a line (or a CSV column): spans, or bare numbers as seconds.",
        parameters: &[
            parameter("values", ParameterType::Spans, "[\"5 ms\", \"20 ms\", \"90 ms\"]", "The measured spans."),
            parameter("file", ParameterType::File, "", "A file with the values, in place of `values`."),
            parameter("column", ParameterType::Text, "", "The column of a CSV file; the first if absent."),
        ],
    },
];
