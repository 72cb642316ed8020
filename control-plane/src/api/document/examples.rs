//! Examples of bodies, put together from those that their fields' schemas give: what an endpoint answers is written down once.

use serde_json::{Map, Value, json};

/// Schemas that may lie in one another: ours are a few deep, and one that holds itself ends here.
const DEEPEST: usize = 24;

/// An example of a schema, or the path of a part for which none can be made up.
pub(super) fn of(schema: &Value, components: &Value) -> Result<Value, String> {
    made(schema, components, DEEPEST).map_err(|path| path.trim_start_matches('.').to_owned())
}

fn made(schema: &Value, components: &Value, depth: usize) -> Result<Value, String> {
    let Some(depth) = depth.checked_sub(1) else { return Err(String::new()) };
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return made(&components["schemas"][name], components, depth).map_err(|path| format!("{name}{path}"));
    }
    if let Some(given) = given(schema) {
        return Ok(given);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return merged(parts, components, depth);
    }
    if let Some(one) = choices(schema).find(|one| one["type"] != "null") {
        return made(one, components, depth);
    }
    match kind(schema) {
        "object" => object(schema, components, depth),
        "array" => Ok(json!([made(&schema["items"], components, depth).map_err(|path| format!("[]{path}"))?])),
        "integer" | "number" => Ok(schema.get("minimum").cloned().unwrap_or(json!(1))),
        "boolean" => Ok(json!(false)),
        "null" => Ok(Value::Null),
        // Whatever it is.
        "" => Ok(json!({})),
        _ if schema["format"] == "date-time" => Ok(json!("2026-11-20T10:00:00.000Z")),
        _ => Err(String::new()),
    }
}

/// What the schema itself says.
fn given(schema: &Value) -> Option<Value> {
    let first = |name: &str| schema[name].as_array().and_then(|list| list.first()).cloned();
    let said = |name: &str| schema.get(name).cloned();
    said("example")
        .or_else(|| first("examples"))
        .or_else(|| said("const"))
        .or_else(|| first("enum"))
        .or_else(|| said("default"))
}

fn choices(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf"].into_iter().filter_map(|name| schema[name].as_array()).flatten()
}

/// Its type, and of several the first that is not null.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(one) => one,
        Value::Array(several) => several.iter().filter_map(Value::as_str).find(|one| *one != "null").unwrap_or("null"),
        _ => "",
    }
}

fn object(schema: &Value, components: &Value, depth: usize) -> Result<Value, String> {
    let mut object = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let value = made(property, components, depth).map_err(|path| format!(".{name}{path}"))?;
        object.insert(name.clone(), value);
    }
    if schema["additionalProperties"].is_object() {
        let value = made(&schema["additionalProperties"], components, depth).map_err(|path| format!(".*{path}"))?;
        object.insert("name".to_owned(), value);
    }
    Ok(Value::Object(object))
}

fn merged(parts: &[Value], components: &Value, depth: usize) -> Result<Value, String> {
    let mut whole = Map::new();
    for part in parts {
        match made(part, components, depth)? {
            Value::Object(object) => whole.extend(object),
            other => return Ok(other),
        }
    }
    Ok(Value::Object(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_put_together_from_those_of_its_parts() {
        let components = json!({"schemas": {
            "Seat": {"type": "object", "properties": {"seat": {"type": "integer", "example": 3}, "name": {"type": "string"}}},
            "Kind": {"oneOf": [{"type": "null"}, {"type": "string", "enum": ["a", "b"]}]},
            "Loop": {"type": "array", "items": {"$ref": "#/components/schemas/Loop"}},
        }});
        for (schema, wanted) in [
            (json!({"type": "string", "example": "x"}), Ok(json!("x"))),
            (json!({"type": ["integer", "null"], "minimum": 7}), Ok(json!(7))),
            (json!({"type": "array", "items": {"$ref": "#/components/schemas/Kind"}}), Ok(json!(["a"]))),
            (json!({"type": "object", "additionalProperties": {"type": "boolean"}}), Ok(json!({"name": false}))),
            (
                json!({"allOf": [{"type": "object", "properties": {"at": {"type": "string", "format": "date-time"}}}]}),
                Ok(json!({"at": "2026-11-20T10:00:00.000Z"})),
            ),
            (json!({"description": "anything"}), Ok(json!({}))),
            (json!({"$ref": "#/components/schemas/Seat"}), Err("Seat.name")),
            (json!({"type": "array", "items": {"type": "string"}}), Err("[]")),
        ] {
            assert_eq!(of(&schema, &components), wanted.map_err(str::to_owned), "{schema}");
        }
        assert!(of(&json!({"$ref": "#/components/schemas/Loop"}), &components).is_err(), "it ends");
    }
}
