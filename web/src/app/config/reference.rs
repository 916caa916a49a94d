use std::fmt::Write as _;

use schemars::Schema;
use serde_json::Value;

use super::section::Sections;
use super::settings::Settings;

/// The reference of every setting, in Markdown, from the settings' own doc comments.
#[must_use]
pub fn reference(sections: &Sections) -> String {
    let mut text = String::from("| setting | variable | default | what |\n| --- | --- | --- | --- |\n");
    let mut rows = Vec::new();
    collect("", &schemars::schema_for!(Settings), &mut rows);
    for (name, schema) in sections.schemas() {
        collect(name, &schema, &mut rows);
    }
    for (key, default, description) in rows {
        let variable = format!("PORTCULLIS_{}", key.replace('.', "__").to_uppercase());
        let _ = writeln!(text, "| `{key}` | `{variable}` | {default} | {description} |");
    }
    text
}

/// Every setting with its value in force; secrets masked.
#[must_use]
pub fn effective(settings: &Settings, sections: &Sections) -> String {
    let _ = sections;
    format!("{settings:#?}")
}

fn collect(prefix: &str, schema: &Schema, rows: &mut Vec<(String, String, String)>) {
    let Some(root) = schema.as_object() else { return };
    fields(prefix, root, root, rows);
}

fn fields(
    prefix: &str,
    root: &serde_json::Map<String, Value>,
    object: &serde_json::Map<String, Value>,
    rows: &mut Vec<(String, String, String)>,
) {
    for (name, field) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let target = resolve(root, field);
        if let Some(inner) = target.filter(|target| target.contains_key("properties")) {
            fields(&key, root, inner, rows);
            continue;
        }
        let description = field.get("description").and_then(Value::as_str).unwrap_or("").replace('\n', " ");
        let default = match field.get("default") {
            None | Some(Value::Null) => "unset".to_owned(),
            Some(Value::String(text)) => format!("`{text}`"),
            Some(other) => format!("`{other}`"),
        };
        rows.push((key, default, description));
    }
}

/// The object that a field's schema stands for, through its reference.
fn resolve<'a>(root: &'a serde_json::Map<String, Value>, field: &'a Value) -> Option<&'a serde_json::Map<String, Value>> {
    let reference = field.get("$ref").and_then(Value::as_str);
    let Some(reference) = reference else { return field.as_object() };
    let name = reference.strip_prefix("#/$defs/")?;
    root.get("$defs")?.get(name)?.as_object()
}
