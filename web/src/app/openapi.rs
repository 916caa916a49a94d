//! The OpenAPI 3.1 document, written from the same endpoints that the router mounts ([OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.1)).

use portcullis_core::ScopeEntry;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use super::operation::OperationDoc;

/// The document of an application with these endpoints.
#[must_use]
pub(crate) fn document(name: &str, version: &str, public_url: &str, scopes: &[ScopeEntry], endpoints: &[&'static Endpoint]) -> Value {
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
    let scopes: Map<String, Value> = scopes.iter().map(|scope| (scope.name.to_owned(), scope.description.into())).collect();
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
                    "type": "oauth2",
                    "description": "Log in with user name and password. A token is restricted to the scopes that are asked for; without any it is unrestricted.",
                    "flows": {"password": {"tokenUrl": "/token", "refreshUrl": "/token", "scopes": scopes}}
                },
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token (RFC 9068)."}
            }
        }
    })
}

fn operation(endpoint: &Endpoint, mut doc: OperationDoc<'_>) -> Value {
    if let Some(object) = endpoint.guard().object() {
        (object.describe)(&mut doc);
    }
    for argument in endpoint.arguments() {
        (argument.describe)(&mut doc);
    }
    endpoint.describe_answer(&mut doc);
    refusals(endpoint, &mut doc);
    for (status, response) in &mut doc.responses {
        add_headers(status, response);
    }
    let (summary, text) = endpoint.doc().split_once('\n').unwrap_or_else(|| (endpoint.doc(), ""));
    let mut description = vec![text.trim().to_owned(), format!("Access: {}.", endpoint.guard().access())];
    description.extend(scopes_in_words(endpoint));
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

/// What the pipeline, or a handler's problem, may answer instead of the documented success.
fn refusals(endpoint: &Endpoint, doc: &mut OperationDoc<'_>) {
    let has_body = doc.request_body.is_some();
    let changes = !endpoint.verb().is_safe();
    let forbids = !endpoint.guard().access().admits_anonymous();
    let wanted = [
        ("400", true),
        ("401", true),
        ("403", forbids || changes),
        ("404", endpoint.path().contains('{')),
        ("408", has_body),
        ("409", changes),
        ("413", has_body),
        ("415", has_body),
        ("422", doc.has_input),
        ("429", true),
        ("500", true),
        ("503", true),
    ];
    for (status, _) in wanted.iter().filter(|(_, wanted)| *wanted) {
        match doc.responses.get_mut(*status) {
            None => {
                doc.responses.insert((*status).to_owned(), json!({"$ref": format!("#/components/responses/{status}")}));
            }
            // The handler describes this status itself; the pipeline may still answer it in its own form.
            Some(response) => {
                if let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) {
                    content.insert("application/problem+json".to_owned(), json!({"schema": {"$ref": "#/components/schemas/Problem"}}));
                }
            }
        }
    }
}

/// The headers that a client acts on, by status.
fn add_headers(status: &str, response: &mut Value) {
    let Some(response) = response.as_object_mut().filter(|response| !response.contains_key("$ref")) else { return };
    let headers = response.entry("headers").or_insert_with(|| json!({}));
    for name in headers_of(status) {
        headers[*name] = json!({"$ref": format!("#/components/headers/{name}")});
    }
}

fn headers_of(status: &str) -> &'static [&'static str] {
    match status {
        "201" | "303" => &["X-Request-Id", "Location"],
        "400" | "401" | "403" => &["X-Request-Id", "WWW-Authenticate"],
        "429" => &["X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy"],
        "503" => &["X-Request-Id", "Retry-After"],
        _ => &["X-Request-Id"],
    }
}

/// One alternative for each set of scopes that is enough; a token without scopes needs none of them.
fn security(endpoint: &Endpoint) -> Value {
    let access = endpoint.guard().access();
    if access.admits_anonymous() {
        return json!([]);
    }
    let sufficient = access.sufficient_scopes();
    let mut alternatives: Vec<Value> = sufficient.iter().map(|scopes| json!({"password": scopes})).collect();
    if alternatives.is_empty() {
        alternatives.push(json!({"password": []}));
    }
    alternatives.push(json!({"bearer": []}));
    Value::Array(alternatives)
}

/// What the alternatives of `security` can't say.
fn scopes_in_words(endpoint: &Endpoint) -> Option<String> {
    let access = endpoint.guard().access();
    let is_unnamed = !access.admits_anonymous() && access.sufficient_scopes().is_empty();
    is_unnamed.then(|| "A token with scopes doesn't pass.".to_owned())
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
        let mut response = json!({"description": description, "content": content});
        add_headers(status, &mut response);
        responses.insert((*status).to_owned(), response);
    }
    Value::Object(responses)
}

fn headers() -> Value {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "X-Request-Id": {"description": "The request's identifier, as in the log.", "schema": {"type": "string", "format": "uuid"}},
        "WWW-Authenticate": text("How to authenticate (RFC 6750)."),
        "Location": {"description": "The address of what was made, or of the next page.", "schema": {"type": "string", "format": "uri-reference"}},
        "ETag": text("The version, for `If-None-Match`."),
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
    ("409", "The request contradicts the present state."),
    ("413", "The body is too large."),
    ("415", "The body's type is not read here."),
    ("422", "The input has invalid fields."),
    ("429", "Too many requests."),
    ("500", "Something went wrong in the service."),
    ("503", "The service cannot answer at the moment."),
];
