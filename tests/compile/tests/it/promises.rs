use std::collections::BTreeSet;

use crate::files::names;

#[test]
fn every_promise_has_its_cases_and_every_case_its_promise() {
    let promised: BTreeSet<String> = PROMISES.iter().flat_map(|(_, cases)| *cases).map(|case| (*case).to_owned()).collect();
    assert_eq!(promised, names("cases", ".rs"));
}

/// What the compiler refuses, in the design's order, and the cases that show it.
///
/// Said elsewhere: an endpoint that is there twice, or a raw router whose reason is empty, stops the start (`web/src/app/route.rs`). That
/// nothing inside accounts goes round the gate is a matter of types there, and of `tests/tidy`.
const PROMISES: &[(&str, &[&str])] = &[
    (
        "an endpoint declares its access policy",
        &[
            "no_access_policy",
            "literal_as_policy",
            "public_with_empty_reason",
            "no_policy_in_a_combination",
            "builder_without_policy",
            "builder_without_handler",
            "unknown_setting",
            "scope_of_a_public_endpoint",
            "scope_of_two_words",
            "authority_given_up_without_words",
        ],
    ),
    ("nobody is asked for who need not be there", &["principal_under_public", "scoped_under_public"]),
    (
        "roles and permissions exist, and are the application's",
        &["unknown_role", "role_of_another_enum", "issuer_role_of_another_enum", "unknown_permission", "role_with_data"],
    ),
    (
        "what comes in is validated and bounded",
        &[
            "body_without_validation",
            "query_without_validation",
            "form_without_validation",
            "path_without_validation",
            "input_field_without_validation",
            "input_without_names",
            "unknown_serde_word",
            "unknown_style_of_names",
            "too_many_fields",
            "unbounded_text",
            "unbounded_list",
            "unbounded_text_in_a_list",
            "unbounded_without_reason",
            "bound_without_maximum",
            "unknown_check",
            "check_of_another_type",
            "raw_json_as_body",
            "raw_json_without_reason",
        ],
    ),
    (
        "an object in the path is loaded through its policy, unless a reason is given",
        &[
            "object_path_without_policy",
            "object_path_with_empty_reason",
            "object_without_path_parameter",
            "authorized_without_policy",
            "authorized_for_another_action",
            "authorized_of_another_resource",
            "resource_without_policy",
            "two_objects_in_a_policy",
            "list_without_scope",
        ],
    ),
    (
        "no secret, password hash or internal error goes out",
        &[
            "answer_with_secret",
            "answer_with_password_hash",
            "answer_with_internal_error",
            "answer_with_internal_error_in_a_field",
            "answer_is_no_output",
            "answer_of_another_error",
            "output_field_without_output",
            "answer_is_a_text",
            "answer_is_impl_trait",
            "answer_is_nothing",
            "secret_in_a_log_line",
        ],
    ),
    ("SQL is never put together at run time", &["sql_from_format"]),
    ("no session and no token before every factor", &["session_without_factors", "token_without_session"]),
    (
        "the path template agrees with the arguments",
        &[
            "path_parameter_unused",
            "path_parameter_missing",
            "path_malformed",
            "no_path",
            "builder_disagrees",
            "two_bodies",
            "argument_of_no_kind",
            "handler_is_not_async",
            "handler_is_generic",
            "too_many_arguments",
            "handler_borrows",
            "handler_is_no_function",
            "handler_cannot_move",
        ],
    ),
    ("what a handler asks for is provided", &["missing_provider"]),
    ("nothing is mounted that isn't an endpoint", &["not_registered", "type_that_is_no_endpoint", "raw_router_without_reason"]),
];
