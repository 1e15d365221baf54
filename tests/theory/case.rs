//! The cases with known answers, as `queueing_cases.json` holds them.

use serde_json::Value;
use std::sync::OnceLock;

/// One measure with its known value.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Its name in the file.
    pub name: String,
    /// Its value: a number, or in traces a list.
    pub value: Value,
    /// Its unit.
    pub unit: String,
}

impl Measure {
    /// The value of a measure that is one number.
    pub fn number(&self) -> f64 {
        self.value.as_f64().unwrap_or_else(|| panic!("{} is a number", self.name))
    }

    /// The values of a measure that is a list.
    pub fn numbers(&self) -> Vec<f64> {
        numbers(&self.value)
    }

    /// Whether it is a probability, or a share of something.
    pub fn is_share(&self) -> bool {
        self.unit == "1"
    }
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub parameters: Value,
    /// What is known.
    pub measures: Vec<Measure>,
}

fn numbers(value: &Value) -> Vec<f64> {
    let items = value.as_array().unwrap_or_else(|| panic!("expected a list, found {value}"));
    items.iter().map(|item| item.as_f64().unwrap_or_else(|| panic!("expected numbers, found {value}"))).collect()
}

impl Case {
    /// All cases of the file.
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<Case>> = OnceLock::new();
        ALL.get_or_init(|| {
            let file: Value = serde_json::from_str(include_str!("queueing_cases.json")).expect("the cases are JSON");
            file.as_array().expect("the cases are a list").iter().map(Self::read).collect()
        })
    }

    /// The case with this name.
    pub fn named(name: &str) -> &'static Self {
        Self::all().iter().find(|case| case.name == name).unwrap_or_else(|| panic!("there is no case `{name}`"))
    }

    fn read(case: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("expected a text in {case}")).to_owned();
        let measure = |(name, measure): (&String, &Value)| Measure {
            name: name.clone(),
            value: measure["value"].clone(),
            unit: text(&measure["unit"]),
        };
        Self {
            name: text(&case["name"]),
            parameters: case["parameters"].clone(),
            measures: case["measures"].as_object().expect("measures by name").iter().map(measure).collect(),
        }
    }

    /// Whether there is such a parameter.
    pub fn has(&self, parameter: &str) -> bool {
        self.parameters.get(parameter).is_some()
    }

    /// A parameter that is one number.
    pub fn number(&self, parameter: &str) -> f64 {
        self.parameters[parameter].as_f64().unwrap_or_else(|| panic!("{} has no number `{parameter}`", self.name))
    }

    /// A parameter that is a list of numbers.
    pub fn numbers(&self, parameter: &str) -> Vec<f64> {
        numbers(&self.parameters[parameter])
    }

    /// What is known of a measure.
    pub fn known(&self, measure: &str) -> &Measure {
        let known = self.measures.iter().find(|known| known.name == measure);
        known.unwrap_or_else(|| panic!("{} has no measure `{measure}`", self.name))
    }

    /// The unit of time in which the case speaks, and how many seconds it has.
    pub fn time(&self) -> (&'static str, f64) {
        let speaks_in =
            |unit: &str| self.measures.iter().any(|measure| measure.unit == unit || measure.unit.ends_with(&format!("/{unit}")));
        if speaks_in("h") {
            ("h", 3_600.0)
        } else if speaks_in("min") {
            ("min", 60.0)
        } else {
            ("s", 1.0)
        }
    }
}
