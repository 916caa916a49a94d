use std::fmt::Write as _;

use schemars::Schema;
use serde_json::Value;

use super::section::Sections;
use super::settings::Settings;

/// The reference of every setting, in Markdown, from the settings' own doc comments.
#[must_use]
pub fn reference(sections: &Sections) -> String {
    let mut text = String::from(HEAD);
    text.push_str("| setting | variable | default | what |\n| --- | --- | --- | --- |\n");
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

/// Every setting with its value in force, as TOML; secrets masked.
#[must_use]
pub fn effective(settings: &Settings, sections: &Sections) -> String {
    let mut text = String::new();
    show("", &serde_json::to_value(settings).unwrap_or_default(), &mut text);
    for (name, value) in sections.values() {
        show(name, &value, &mut text);
    }
    text
}

/// Dotted keys and JSON values are TOML too, but for what is unset.
fn show(prefix: &str, value: &Value, text: &mut String) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let _ = match value {
            Value::Object(_) => {
                show(&key, value, text);
                Ok(())
            }
            Value::Null => writeln!(text, "# {key} is unset"),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => writeln!(text, "{key} = {value}"),
        };
    }
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

const HEAD: &str = "# Configuration

Settings come from `portcullis.toml` in the working directory (or `--config FILE`), then from the environment. A nested key takes `__` in
its variable; lists are separated by commas. Unknown keys and values that can't be used stop the start with a message that names the key.
`serve --check` prints the settings in force, with secrets masked. This page is what `settings` prints.

";

/// The object that a field's schema stands for, through its reference.
fn resolve<'a>(root: &'a serde_json::Map<String, Value>, field: &'a Value) -> Option<&'a serde_json::Map<String, Value>> {
    let reference = field.get("$ref").and_then(Value::as_str);
    let Some(reference) = reference else { return field.as_object() };
    let name = reference.strip_prefix("#/$defs/")?;
    root.get("$defs")?.get(name)?.as_object()
}
