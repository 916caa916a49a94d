//! The OpenAPI 3.1 document, written from the same endpoints that the router mounts ([OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.1)).

use portcullis_core::policy::Rule;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use super::operation::OperationDoc;

/// The document of an application with these endpoints.
#[must_use]
pub(crate) fn document(name: &str, version: &str, public_url: &str, endpoints: &[&'static Endpoint]) -> Value {
    let settings = |contract: Contract| {
        let mut settings = SchemaSettings::draft2020_12();
        settings.meta_schema = None;
        settings.definitions_path = "/components/schemas".into();
        settings.contract = contract;
        settings.into_generator()
    };
    let (mut inputs, mut outputs) = (settings(Contract::Deserialize), settings(Contract::Serialize));
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints {
        let operation = operation(endpoint, OperationDoc::new(&mut inputs, &mut outputs));
        let path = paths.entry(endpoint.path().to_owned()).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(endpoint.verb().as_str().to_ascii_lowercase(), operation);
        }
    }
    let mut schemas = outputs.take_definitions(true);
    schemas.extend(inputs.take_definitions(true));
    schemas.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {"title": name, "version": version},
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": problem_responses(),
            "headers": headers(),
            "securitySchemes": {
                "password": {
                    "type": "oauth2", "description": "Log in with user name and password.",
                    "flows": {"password": {"tokenUrl": "/token", "refreshUrl": "/token", "scopes": {}}}
                },
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token (RFC 9068)."}
            }
        }
    })
}

fn operation(endpoint: &Endpoint, mut doc: OperationDoc<'_>) -> Value {
    for argument in endpoint.arguments() {
        (argument.describe)(&mut doc);
    }
    endpoint.describe_answer(&mut doc);
    refusals(endpoint, &mut doc);
    for (_, response) in &mut doc.responses {
        if let Some(response) = response.as_object_mut()
            && !response.contains_key("$ref")
        {
            response.insert("headers".to_owned(), json!({"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}));
        }
    }
    let (summary, text) = endpoint.doc().split_once('\n').unwrap_or((endpoint.doc(), ""));
    let mut description = vec![text.trim().to_owned(), format!("Access: {}.", endpoint.guard().access())];
    description.append(&mut doc.notes);
    description.extend(endpoint.unscoped().map(|reason| format!("The list is not scoped to the caller: {reason}.")));
    description.retain(|part| !part.is_empty());
    let mut operation = json!({
        "operationId": endpoint.name(),
        "tags": [endpoint.tag()],
        "summary": summary.trim_end_matches('.'),
        "description": description.join("\n\n"),
        "responses": doc.responses,
        "security": security(endpoint),
        "x-access": endpoint.guard().access().to_string()
    });
    if let Some(operation) = operation.as_object_mut() {
        if !doc.parameters.is_empty() {
            operation.insert("parameters".to_owned(), Value::Array(doc.parameters));
        }
        if let Some(body) = doc.request_body {
            operation.insert("requestBody".to_owned(), body);
        }
    }
    operation
}

/// What the pipeline may answer instead of the handler.
fn refusals(endpoint: &Endpoint, doc: &mut OperationDoc<'_>) {
    let has_body = doc.request_body.is_some();
    let forbids = endpoint.guard().access().rules().any(|rule| {
        matches!(rule, Rule::AtLeast { .. } | Rule::Permission(_) | Rule::Scope(_))
    });
    let has_path_parameter = endpoint.path().contains('{');
    let mut refuse = |status: &str, wanted: bool| {
        if wanted && !doc.responses.contains_key(status) {
            doc.responses.insert(status.to_owned(), json!({"$ref": format!("#/components/responses/{status}")}));
        }
    };
    refuse("400", true);
    refuse("401", true);
    refuse("403", forbids || !endpoint.verb().is_safe());
    refuse("404", has_path_parameter);
    for status in ["408", "413", "415"] {
        refuse(status, has_body);
    }
    refuse("429", true);
    refuse("500", true);
    refuse("503", true);
    let has_input = doc.has_input;
    if has_input && !doc.responses.contains_key("422") {
        doc.responses.insert("422".to_owned(), json!({"$ref": "#/components/responses/422"}));
    }
}

fn security(endpoint: &Endpoint) -> Value {
    let scopes: Vec<&str> = endpoint
        .guard()
        .access()
        .rules()
        .filter_map(|rule| if let Rule::Scope(scope) = rule { Some(*scope) } else { None })
        .collect();
    if endpoint.guard().access().admits_anonymous() {
        json!([])
    } else {
        json!([{"password": scopes}, {"bearer": []}])
    }
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "A problem (RFC 9457).",
        "required": ["type", "title", "status", "code", "detail", "instance"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "maxLength": 200},
            "title": {"type": "string", "maxLength": 100},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"type": "string", "maxLength": 64, "description": "A stable word for programs."},
            "detail": {"type": "string", "maxLength": 1000},
            "instance": {"type": "string", "maxLength": 100, "description": "The request's id."},
            "errors": {
                "type": "array", "maxItems": 100,
                "items": {
                    "type": "object", "required": ["pointer", "code", "detail"], "additionalProperties": false,
                    "properties": {
                        "pointer": {"type": "string", "maxLength": 1000, "description": "A JSON Pointer (RFC 6901)."},
                        "code": {"type": "string", "maxLength": 64},
                        "detail": {"type": "string", "maxLength": 1000}
                    }
                }
            },
            "violated-policies": {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 64}}
        }
    })
}

fn problem_responses() -> Value {
    let mut responses = Map::new();
    for (status, description) in REFUSALS {
        let content = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
        let mut named = json!({"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}});
        let more: &[&str] = match *status {
            "401" => &["WWW-Authenticate"],
            "429" => &["Retry-After", "RateLimit", "RateLimit-Policy"],
            "503" => &["Retry-After"],
            _ => &[],
        };
        for name in more {
            named[*name] = json!({"$ref": format!("#/components/headers/{name}")});
        }
        responses.insert((*status).to_owned(), json!({"description": description, "content": content, "headers": named}));
    }
    Value::Object(responses)
}

fn headers() -> Value {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "X-Request-Id": {"description": "The request's identifier, as in the log.", "schema": {"type": "string", "format": "uuid"}},
        "WWW-Authenticate": text("How to authenticate (RFC 6750)."),
        "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
        "RateLimit": text("What is left of the quota."),
        "RateLimit-Policy": text("The quota.")
    })
}

const REFUSALS: &[(&str, &str)] = &[
    ("400", "The request is malformed."),
    ("401", "No credential, or one that is not valid."),
    ("403", "The caller may not do this."),
    ("404", "There is no such thing, or it isn't the caller's."),
    ("408", "The body came too slowly."),
    ("413", "The body is too large."),
    ("415", "The body's type is not read here."),
    ("422", "The input has invalid fields."),
    ("429", "Too many requests."),
    ("500", "Something went wrong in the service."),
    ("503", "The service cannot answer at the moment."),
];
