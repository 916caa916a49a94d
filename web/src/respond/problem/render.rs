use super::Problem;

impl Problem {
    /// The body, with the request's id as `instance`.
    ///
    /// Written piece by piece: a refusal is to cost less than what it refuses, and nearly all of its words are ours and need no escape.
    pub(crate) fn render(&self, request_id: &str) -> Vec<u8> {
        let parts = &*self.0;
        let mut body = Vec::with_capacity(ROOM);
        if parts.oauth {
            // `detail` repeats the description: clients written for FastAPI read it.
            member(&mut body, b"{\"error\":", parts.code);
            member(&mut body, b",\"error_description\":", &parts.detail);
            member(&mut body, b",\"detail\":", &parts.detail);
            body.push(b'}');
            return body;
        }
        member(&mut body, b"{\"type\":", &parts.kind);
        member(&mut body, b",\"title\":", parts.status.canonical_reason().unwrap_or("Error"));
        body.extend_from_slice(b",\"status\":");
        body.extend_from_slice(parts.status.as_str().as_bytes());
        member(&mut body, b",\"code\":", parts.code);
        member(&mut body, b",\"detail\":", &parts.detail);
        body.extend_from_slice(b",\"instance\":\"urn:uuid:");
        body.extend_from_slice(request_id.as_bytes());
        body.push(b'"');
        if !parts.errors.is_empty() {
            body.extend_from_slice(b",\"errors\":");
            json(&mut body, &parts.errors);
        }
        if let Some(policy) = parts.violated {
            member(&mut body, b",\"violated-policies\":[", policy);
            body.push(b']');
        }
        body.push(b'}');
        body
    }
}

fn member(body: &mut Vec<u8>, key: &[u8], value: &str) {
    body.extend_from_slice(key);
    let is_plain = value.bytes().fold(true, |is_plain, byte| is_plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\'));
    if is_plain {
        body.push(b'"');
        body.extend_from_slice(value.as_bytes());
        body.push(b'"');
    } else {
        json(body, value);
    }
}

fn json(body: &mut Vec<u8>, value: &(impl serde::Serialize + ?Sized)) {
    // Text into memory: neither of them fails.
    let _ = serde_json::to_writer(body, value);
}

const ROOM: usize = 384;

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::{Value, json};

    use super::super::FieldError;
    use super::*;

    fn rendered(problem: &Problem) -> Value {
        serde_json::from_slice(&problem.render("0198c0de-0000-7000-8000-000000000001")).unwrap()
    }

    #[test]
    fn every_member_is_where_the_standard_has_it() {
        let errors = vec![FieldError { pointer: "/a\"b".to_owned(), code: "too_long", detail: "No.".into() }];
        let mut problem = Problem::invalid(errors).kind("https://example.com/x").violated("default");
        assert_eq!(
            rendered(&problem),
            json!({
                "type": "https://example.com/x", "title": "Unprocessable Entity", "status": 422, "code": "invalid_input",
                "detail": "The input has invalid fields.", "instance": "urn:uuid:0198c0de-0000-7000-8000-000000000001",
                "errors": [{"pointer": "/a\"b", "code": "too_long", "detail": "No."}], "violated-policies": ["default"],
            })
        );
        problem = Problem::not_found();
        let mut keys: Vec<_> = rendered(&problem).as_object().unwrap().keys().cloned().collect();
        keys.sort();
        assert_eq!(keys, ["code", "detail", "instance", "status", "title", "type"]);
    }

    #[test]
    fn no_text_breaks_out_of_its_member() {
        for text in ["\"", "\\", "\n", "\u{0}\u{1f}", "a\",\"admin\":true,\"b\":\"", "\u{7f}\u{2028}é", "", "\\u0022"] {
            let problem = Problem::new(StatusCode::CONFLICT, "x", text.to_owned());
            assert_eq!(rendered(&problem)["detail"], text);
            assert_eq!(rendered(&problem).as_object().unwrap().len(), 6);
        }
    }

    #[test]
    fn an_oauth_error_has_its_own_members() {
        let problem = Problem::oauth("invalid_grant", "Say \"please\".");
        let expected = json!({"error": "invalid_grant", "error_description": "Say \"please\".", "detail": "Say \"please\"."});
        assert_eq!(rendered(&problem), expected);
    }
}
