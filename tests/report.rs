//! Real reports against the documented schema, field by field.

use pipewright_tests::{root, samples, shown, simulated};
use serde_json::Value;

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn reports_are_as_the_schema_says() {
    let schema: Value = serde_json::from_str(&read("runtime/docs/report.schema.json")).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for path in samples() {
        let report = simulated(&path, "30s").report;
        let errors: Vec<String> = validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}:\n{}", shown(&path), errors.join("\n"));
    }
    // A schema that takes anything would prove nothing.
    let mut report = simulated(&root().join("samples/01-hello.ron"), "1s").report;
    report["unheard_of"] = Value::Null;
    assert!(!validator.is_valid(&report));
}

#[test]
fn every_field_of_the_schemas_is_explained() {
    let schemas: Vec<Value> = ["runtime/docs/report.schema.json", "runtime/docs/experiment.schema.json"]
        .map(|path| serde_json::from_str(&read(path)).expect("the schema is JSON"))
        .into();
    let page = read("runtime/docs/report.md");
    let mut missing = Vec::new();
    let mut open: Vec<&Value> = schemas.iter().collect();
    while let Some(part) = open.pop() {
        for (name, value) in part.as_object().into_iter().flatten() {
            if name == "properties" {
                missing.extend(
                    value.as_object().into_iter().flat_map(|fields| fields.keys()).filter(|field| !page.contains(&format!("`{field}`"))),
                );
                open.extend(value.as_object().into_iter().flat_map(|fields| fields.values()));
            } else {
                open.push(value);
            }
        }
    }
    missing.retain(|field| !["nodes", "queues", "pipes", "laws", "messages", "latency"].contains(&field.as_str()));
    assert!(missing.is_empty(), "runtime/docs/report.md does not explain {missing:?}");
}
