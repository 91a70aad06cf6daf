//! Whether an answer is what the description says: as much of JSON Schema as the description uses,
//! and more strictly, for a property that is not described is a mistake too.

use std::collections::BTreeSet;

use serde_json::Value;

/// What a schema says of an object: the properties that it names, and whether there may be others.
#[derive(Default)]
struct Known {
    properties: BTreeSet<String>,
    any: bool,
}

/// # Panics
///
/// With the place and the reason, where the value is not of the schema.
#[track_caller]
pub fn assert_fits(document: &Value, schema: &Value, value: &Value) {
    if let Err(why) = whole(document, schema, value, "$") {
        panic!("{why}\n{value:#}");
    }
}

fn whole(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let known = fits(document, schema, value, at)?;
    let Some(object) = value.as_object().filter(|_| !known.any) else {
        return Ok(());
    };
    match object.keys().find(|key| !known.properties.contains(*key)) {
        Some(key) => Err(format!("{at}.{key} is not described")),
        None => Ok(()),
    }
}

fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<Known, String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').unwrap();
        let named = document.pointer(pointer);
        return fits(document, named.expect(reference), value, at);
    }
    let mut known = Known::default();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let of_part = fits(document, part, value, at)?;
        known.properties.extend(of_part.properties);
        known.any |= of_part.any;
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let whys: Vec<String> = choices
            .iter()
            .filter_map(|choice| whole(document, choice, value, at).err())
            .collect();
        if whys.len() == choices.len() {
            return Err(format!("{at} is none of: {}", whys.join("; or ")));
        }
        known.any = true;
    }
    if !is_of_type(&schema["type"], value) {
        return Err(format!("{at} is no {}: {value}", schema["type"]));
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        return Err(format!("{at} is {value}, none of {}", schema["enum"]));
    }
    if let Some(items) = value.as_array() {
        for (n, item) in items.iter().enumerate() {
            let of_item = schema["prefixItems"].get(n).unwrap_or(&schema["items"]);
            whole(document, of_item, item, &format!("{at}[{n}]"))?;
        }
    }
    if let Some(object) = value.as_object() {
        let required = schema["required"].as_array().into_iter().flatten();
        if let Some(missing) = required
            .map(|r| r.as_str().unwrap())
            .find(|r| !object.contains_key(*r))
        {
            return Err(format!("{at}.{missing} is missing"));
        }
        let others = &schema["additionalProperties"];
        // An object of which nothing is said may hold anything.
        known.any |=
            schema["type"] == "object" && schema.get("properties").is_none() && others.is_null();
        for (key, inner) in object {
            let described = schema["properties"].get(key);
            let others = Some(others).filter(|others| others.is_object());
            if let Some(schema) = described.or(others) {
                whole(document, schema, inner, &format!("{at}.{key}"))?;
                known.properties.insert(key.clone());
            }
        }
    }
    Ok(known)
}

fn is_of_type(named: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    };
    match named {
        Value::Null => true,
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap())),
        other => panic!("{other} names no type"),
    }
}

#[test]
fn what_does_not_fit_is_found() {
    use serde_json::json;
    let document = json!({ "components": { "schemas": {
        "Named": { "type": "object", "required": ["name"], "properties": {
            "name": { "type": "string", "enum": ["a", "b"] },
            "count": { "type": ["integer", "null"] },
        } },
        "Many": { "type": "array", "items": { "oneOf": [
            { "$ref": "#/components/schemas/Named" }, { "type": "null" },
        ] } },
    } } });
    let schema = json!({ "$ref": "#/components/schemas/Many" });
    let says = |value: Value| whole(&document, &schema, &value, "$").unwrap_err();
    assert_fits(
        &document,
        &schema,
        &json!([{ "name": "a", "count": 1 }, null, { "name": "b" }]),
    );
    assert!(says(json!({})).contains("no \"array\""));
    assert!(says(json!([{}])).contains("$[0].name is missing"));
    assert!(says(json!([{ "name": "c" }])).contains("none of"));
    assert!(says(json!([{ "name": "a", "count": 1.5 }])).contains("count is no"));
    assert!(says(json!([{ "name": "a", "other": 1 }])).contains("other is not described"));
}
