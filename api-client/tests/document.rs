//! What the crate asks and understands is what the server's `openapi.json` says.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use stadion_api::operations::ALL;
use stadion_api::{Problem, Shape, Verb};

/// What nobody asks by this crate, and why.
const NOT_CALLED: [(&str, &str); 4] = [
    ("get_jwks", "for those who check tokens themselves"),
    ("livez", "for balancers and supervisors"),
    ("readyz", "for balancers and supervisors"),
    ("publish_version", "publish_version_put does the same, and may be asked again"),
];

/// What the events of streams are: a document of OpenAPI 3.1 has no place for it beside the media type.
const EVENTS: [(&str, &str); 5] = [
    ("get_events", "PlayerEvent"),
    ("get_host_events", "EventBody"),
    ("get_game_events", "EventBody"),
    ("get_log", "LogLineBody"),
    ("get_upload_events", "UploadBody"),
];

struct Document(Value);

impl Document {
    fn read() -> Document {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../control-plane/openapi.json");
        Document(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// Every operation by its id.
    fn operations(&self) -> BTreeMap<&str, (&str, &str, &Value)> {
        let paths = self.0["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, verbs)| {
            let verbs = verbs.as_object().unwrap().iter().filter(|(_, operation)| operation["operationId"].is_string());
            verbs.map(move |(verb, operation)| {
                (operation["operationId"].as_str().unwrap(), (verb.as_str(), path.as_str(), operation))
            })
        });
        all.collect()
    }

    fn component(&self, name: &str) -> &Value {
        &self.0["components"]["schemas"][name]
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => self.component(name.trim_start_matches("#/components/schemas/")),
            None => schema,
        }
    }

    /// Values of every alternative that a schema has, each with all that it may have, or with no more than it must.
    fn samples(&self, schema: &Value, is_full: bool) -> Vec<Value> {
        let schema = self.resolved(schema);
        let alternatives = ["oneOf", "anyOf"].into_iter().find_map(|key| schema[key].as_array());
        match alternatives {
            Some(all) => {
                let all = all.iter().filter(|one| one["type"] != "null");
                all.flat_map(|one| self.samples(one, is_full)).collect()
            }
            None => vec![self.sample(schema, is_full)],
        }
    }

    fn sample(&self, schema: &Value, is_full: bool) -> Value {
        if let Some(parts) = schema["allOf"].as_array() {
            let parts = parts.iter().flat_map(|part| self.first(part, is_full).as_object().unwrap().clone());
            return Value::Object(parts.collect());
        }
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            several => several.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        };
        if types.contains(&"null") && !is_full {
            return Value::Null;
        }
        match types.first() {
            Some(&"string") => json!("2026-11-20T10:00:00.000Z"),
            Some(&"integer") => json!(1),
            Some(&"number") => json!(1.5),
            Some(&"boolean") => json!(true),
            Some(&"array") => json!([self.first(&schema["items"], is_full)]),
            Some(&"object") => self.object(schema, is_full),
            _ => json!({}),
        }
    }

    fn first(&self, schema: &Value, is_full: bool) -> Value {
        self.samples(schema, is_full).swap_remove(0)
    }

    fn object(&self, schema: &Value, is_full: bool) -> Value {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema["properties"].as_object();
        let wanted = properties.into_iter().flatten().filter(|(name, _)| is_full || required.contains(&name.as_str()));
        let mut object: Map<String, Value> =
            wanted.map(|(name, schema)| (name.clone(), self.first(schema, is_full))).collect();
        if schema["additionalProperties"].is_object() {
            object.insert("any".to_owned(), self.first(&schema["additionalProperties"], is_full));
        }
        Value::Object(object)
    }

    /// The schema of an operation's answer in a media type.
    fn answer(&self, shape: &Shape) -> &Value {
        if shape.media == Some("text/event-stream") {
            let (_, name) = EVENTS.iter().find(|(id, _)| *id == shape.id).unwrap_or_else(|| panic!("{}", shape.id));
            return self.component(name);
        }
        let answers = contents(self.operations()[shape.id].2);
        let schemas: Vec<_> = answers.iter().filter(|(media, _)| Some(*media) == shape.media).collect();
        &schemas.first().unwrap_or_else(|| panic!("{} is not answered as {:?}", shape.id, shape.media)).1["schema"]
    }
}

/// What an operation answers with when it succeeds: media types, and what is said of each.
fn contents(operation: &Value) -> Vec<(&str, &Value)> {
    let answers = operation["responses"].as_object().unwrap().iter().filter(|(status, _)| status.starts_with('2'));
    let contents = answers.filter_map(|(_, answer)| answer["content"].as_object());
    contents.flatten().map(|(media, content)| (media.as_str(), content)).collect()
}

fn takes_a_key(operation: &Value) -> bool {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.into_iter().any(|one| one["in"] == "header" && one["name"] == "Idempotency-Key")
}

/// What is understood of an answer is in it, under the same names.
fn assert_within(understood: &Value, answer: &Value, at: &str) {
    match (understood, answer) {
        (Value::Object(understood), Value::Object(answer)) => {
            for (name, value) in understood {
                let theirs = answer.get(name).unwrap_or_else(|| panic!("{at}.{name} is not in the document"));
                assert_within(value, theirs, &format!("{at}.{name}"));
            }
        }
        (Value::Array(understood), Value::Array(answer)) => {
            assert_eq!(understood.len(), answer.len(), "{at}");
            understood.iter().zip(answer).for_each(|(one, theirs)| assert_within(one, theirs, at));
        }
        (understood, answer) => assert_eq!(understood, answer, "{at}"),
    }
}

#[test]
fn every_call_is_in_the_document_as_it_is_made() {
    let document = Document::read();
    let operations = document.operations();
    for shape in ALL {
        let (verb, path, operation) = operations.get(shape.id).unwrap_or_else(|| panic!("no operation {}", shape.id));
        assert_eq!((*path, *verb), (shape.path, shape.verb.method().as_str().to_lowercase().as_str()), "{}", shape.id);
        assert_eq!(shape.verb == Verb::KeyedPost, takes_a_key(operation), "{}: Idempotency-Key", shape.id);
        let media: BTreeSet<&str> = contents(operation).into_iter().map(|(media, _)| media).collect();
        match shape.media {
            None => assert!(media.is_empty(), "{} is answered as {media:?}", shape.id),
            Some("application/octet-stream") => assert!(!media.is_empty(), "{} is answered with nothing", shape.id),
            Some(one) => assert!(media.contains(one), "{} is answered as {media:?}", shape.id),
        }
    }
}

#[test]
fn every_operation_of_the_document_can_be_called_or_is_left_out_for_a_reason() {
    let document = Document::read();
    let called: BTreeSet<&str> = ALL.iter().map(|shape| shape.id).collect();
    let left_out: BTreeSet<&str> = NOT_CALLED.iter().map(|(id, _)| *id).collect();
    let there: BTreeSet<&str> = document.operations().into_keys().collect();
    let forgotten: Vec<_> = there.iter().filter(|id| !called.contains(*id) && !left_out.contains(*id)).collect();
    assert!(forgotten.is_empty(), "add them to src/operations.rs of this crate, or to NOT_CALLED: {forgotten:?}");
    let stale: Vec<_> = left_out.iter().filter(|id| called.contains(*id) || !there.contains(*id)).collect();
    assert!(stale.is_empty(), "NOT_CALLED has what is called, or is not there: {stale:?}");
}

#[test]
fn answers_are_read_with_no_more_than_they_must_have_and_understood_as_what_they_are() {
    let document = Document::read();
    for shape in ALL.iter().filter(|shape| !matches!(shape.media, None | Some("application/octet-stream"))) {
        let schema = document.answer(shape);
        for least in document.samples(schema, false) {
            let read = (shape.understood)(&least);
            assert!(read.is_ok(), "{}: {} of {least}", shape.id, read.unwrap_err());
        }
        for whole in document.samples(schema, true) {
            let understood =
                (shape.understood)(&whole).unwrap_or_else(|error| panic!("{}: {error}: {whole}", shape.id));
            // The document does not say which states there are.
            if shape.id != "get_upload_events" {
                assert_within(&understood, &whole, shape.id);
            }
        }
    }
}

#[test]
fn a_problem_is_what_the_document_says_it_is() {
    let document = Document::read();
    let schema = document.component("Problem");
    for is_full in [false, true] {
        let sample = document.first(schema, is_full);
        let problem: Problem = serde_json::from_value(sample.clone()).unwrap();
        assert_within(&serde_json::to_value(problem).unwrap(), &sample, "Problem");
    }
}
