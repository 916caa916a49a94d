use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::respond::Output;

/// The documentation of one endpoint while its arguments and its answer describe themselves.
#[derive(Debug)]
pub struct OperationDoc<'document> {
    pub(crate) inputs: &'document mut SchemaGenerator,
    pub(crate) outputs: &'document mut SchemaGenerator,
    pub(crate) parameters: Vec<Value>,
    pub(crate) request_body: Option<Value>,
    pub(crate) responses: Map<String, Value>,
    pub(crate) notes: Vec<String>,
    pub(crate) reads_json: bool,
    pub(crate) has_input: bool,
}

/// Where a parameter stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
}

impl<'document> OperationDoc<'document> {
    pub(crate) fn new(inputs: &'document mut SchemaGenerator, outputs: &'document mut SchemaGenerator) -> Self {
        Self {
            inputs,
            outputs,
            parameters: Vec::new(),
            request_body: None,
            responses: Map::new(),
            notes: Vec::new(),
            reads_json: false,
            has_input: false,
        }
    }

    /// Every field of a type is a parameter.
    pub fn parameters<T: JsonSchema>(&mut self, place: Place) {
        let schema = T::json_schema(self.inputs);
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let place_name = if place == Place::Path { "path" } else { "query" };
        self.has_input |= place == Place::Query;
        for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let mut field = field.clone();
            let description = field.as_object_mut().and_then(|field| field.remove("description"));
            let is_required = place == Place::Path || required.iter().any(|one| one == name);
            let mut parameter = json!({"name": name, "in": place_name, "required": is_required, "schema": field});
            if let (Some(description), Some(parameter)) = (description, parameter.as_object_mut()) {
                parameter.insert("description".to_owned(), description);
            }
            self.parameters.push(parameter);
        }
    }

    /// A path parameter that is a text.
    pub fn path_text(&mut self, name: &'static str, max: u32) {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": max});
        self.parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }

    /// The parameters of a list's place.
    pub fn page_parameters(&mut self, default: u32, max: u32) {
        self.has_input = true;
        self.parameters.push(json!({
            "name": "limit", "in": "query", "required": false, "description": "How many items a page holds.",
            "schema": {"type": "integer", "minimum": 1, "maximum": max, "default": default}
        }));
        self.parameters.push(json!({
            "name": "cursor", "in": "query", "required": false, "description": "The `next` of the page before.",
            "schema": {"type": "string", "maxLength": 512}
        }));
    }

    /// A body of this type.
    pub fn request_body<T: JsonSchema>(&mut self, media_type: &'static str) {
        let schema = self.inputs.subschema_for::<T>();
        self.has_input = true;
        self.reads_json = media_type == "application/json";
        self.request_body = Some(json!({"required": true, "content": {media_type: {"schema": schema}}}));
    }

    /// A body of plain bytes.
    pub fn raw_request_body(&mut self, media_type: &'static str) {
        self.request_body = Some(json!({"required": true, "content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}));
    }

    /// A multipart body with these files and texts, of which some must be there.
    pub fn upload_request_body(&mut self, files: &[&str], texts: &[&str], required: &[&str]) {
        let mut properties = Map::new();
        for name in files {
            properties.insert((*name).to_owned(), json!({"type": "string", "format": "binary"}));
        }
        for name in texts {
            properties.insert((*name).to_owned(), json!({"type": "string", "maxLength": 4096}));
        }
        self.has_input = true;
        let schema = json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
        self.request_body = Some(json!({"required": true, "content": {"multipart/form-data": {"schema": schema}}}));
    }

    /// The body of an OAuth endpoint.
    pub fn oauth_request_body(&mut self) {
        let text = |max: u32| json!({"type": "string", "maxLength": max});
        let scope = "What the tokens are restricted to: declared scopes, separated by spaces. Empty or absent: nothing restricts them, or what restricted the refresh token.";
        let scope = json!({"type": "string", "maxLength": 1000, "description": scope});
        let schema = json!({"type": "object", "properties": {
            "grant_type": {"type": "string", "enum": ["password", "refresh_token"], "default": "password"},
            "username": text(256), "password": {"type": "string", "format": "password", "maxLength": 1024},
            "refresh_token": text(512), "scope": scope, "client_id": text(256), "client_secret": text(1024)
        }});
        self.request_body = Some(json!({"required": true, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}));
    }

    /// A JSON answer of this type.
    pub fn json_response<T: Output>(&mut self, status: u16, description: &'static str) {
        let schema = self.outputs.subschema_for::<T>();
        self.respond(status, json!({"description": description, "content": {"application/json": {"schema": schema}}}));
    }

    /// A page of a list.
    pub fn page_response<T: Output>(&mut self) {
        let item = self.outputs.subschema_for::<T>();
        let schema = json!({
            "type": "object", "required": ["items"], "additionalProperties": false,
            "properties": {"items": {"type": "array", "items": item}, "next": {"type": "string", "maxLength": 512}}
        });
        self.respond(200, json!({"description": "One page of the list.", "content": {"application/json": {"schema": schema}}}));
    }

    /// An answer without a body.
    pub fn empty_response(&mut self, status: u16, description: &'static str) {
        self.respond(status, json!({"description": description}));
    }

    /// A text answer of this media type.
    pub fn text_response(&mut self, status: u16, description: &'static str, media_type: &'static str) {
        self.respond(status, json!({"description": description, "content": {media_type: {"schema": {"type": "string"}}}}));
    }

    /// A path parameter of this type.
    pub fn path_parameter<T: JsonSchema>(&mut self, name: &'static str) {
        let schema = self.inputs.subschema_for::<T>();
        self.parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
    }

    /// An answer that carries an entity tag.
    pub fn entity_tag(&mut self, status: u16) {
        let response = self.responses.get_mut(&status.to_string()).and_then(Value::as_object_mut);
        let headers = response.map(|response| response.entry("headers").or_insert_with(|| json!({})));
        if let Some(headers) = headers.and_then(Value::as_object_mut) {
            headers.insert("ETag".to_owned(), json!({"$ref": "#/components/headers/ETag"}));
        }
    }

    /// An answer described by hand.
    pub fn response(&mut self, status: u16, response: Value) {
        self.respond(status, response);
    }

    /// A sentence for the description.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    fn respond(&mut self, status: u16, response: Value) {
        self.responses.insert(status.to_string(), response);
    }
}
