//! What a person reviews: the routes, the texts, the OpenAPI document.

use crate::client::Running;
use serde_json::Value;
use std::{fmt::Write as _, path::PathBuf};

#[test]
fn the_routes_are_as_reviewed() {
    let mut table = String::new();
    for route in ma_api::routes() {
        let key = if route.needs_key { "key" } else { "-" };
        writeln!(
            table,
            "{:4} {:31} {key:3}  {}: {}",
            route.method, route.path, route.operation, route.summary
        )
        .unwrap();
    }
    insta::assert_snapshot!("routes", table);
}

#[test]
fn the_texts_of_refusals_are_as_reviewed() {
    let mut table = String::new();
    for problem in ma_api::problems() {
        writeln!(
            table,
            "{} {} [{}]\n    {}\n    {}",
            problem.status, problem.title, problem.code, problem.detail, problem.next
        )
        .unwrap();
    }
    insta::assert_snapshot!("problems", table);
}

#[test]
fn the_openapi_document_is_the_committed_one() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../docs/openapi.json");
    let current = ma_api::openapi() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "docs/openapi.json is old: run this test with UPDATE=1 and review the difference"
    );
}

#[test]
fn the_door_serves_that_document_without_a_key() {
    let door = Running::start();
    door.on_both(|to| {
        let reply = crate::client::request(to, "GET", "/v1/openapi.json", &[], b"");
        assert_eq!(reply.status, 200);
        assert_eq!(String::from_utf8(reply.body).unwrap(), ma_api::openapi());
    });
}

#[test]
fn the_document_names_every_route_and_every_reference_leads_somewhere() {
    let document: Value = serde_json::from_str(&ma_api::openapi()).unwrap();
    for route in ma_api::routes() {
        let method = route.method.to_lowercase();
        assert_eq!(
            document["paths"][route.path][method]["operationId"],
            route.operation
        );
    }
    let text = ma_api::openapi();
    for part in text.split("\"$ref\": \"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn no_route_operation_or_schema_is_named_after_destruction() {
    let document: Value = serde_json::from_str(&ma_api::openapi()).unwrap();
    let mut names: Vec<String> = Vec::new();
    for route in ma_api::routes() {
        names.extend([route.path.to_owned(), route.operation.to_owned()]);
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    names.extend(schemas.keys().cloned());
    collect_properties(&document, &mut names);
    assert!(names.len() > 40);
    for name in names {
        for word in [
            "delete",
            "destroy",
            "expunge",
            "purge",
            "trash",
            "erase",
            "reset",
            "disconnect",
            "remove",
        ] {
            assert!(!name.to_lowercase().contains(word), "{name}");
        }
    }
}

fn collect_properties(value: &Value, names: &mut Vec<String>) {
    if let Some(object) = value.as_object() {
        if let Some(properties) = object.get("properties").and_then(Value::as_object) {
            names.extend(properties.keys().cloned());
        }
        if let Some(values) = object.get("enum").and_then(Value::as_array) {
            names.extend(values.iter().map(Value::to_string));
        }
        object.values().for_each(|v| collect_properties(v, names));
    } else if let Some(list) = value.as_array() {
        for value in list {
            collect_properties(value, names);
        }
    }
}
