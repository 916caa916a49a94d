use crate::matrix::knock;
use crate::{Caller, TestApp};

/// Checks that tokens with scopes pass exactly where the access matrix says so, by a real request to every endpoint.
///
/// `callers` are the scopes of a token, separated by spaces, and who carries it; the most trusted role shows the most. Where the column
/// `scopes` names none of them, the answer must be 403 `insufficient_scope`, whatever the caller's role.
pub async fn check_scopes(app: &TestApp, callers: &[(&str, &Caller)]) {
    let mut lines = app.matrix().lines();
    let header: Vec<&str> = lines.next().unwrap_or("").split_whitespace().collect();
    let column = header.iter().position(|name| *name == "scopes").unwrap();
    for line in lines {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [method, path, anonymous, ..] = cells.as_slice() else { panic!("no row: {line}") };
        let sufficient = cells[column];
        if sufficient == "any" && *anonymous == "401" {
            // It gives up authority: it would end the session that the other rows need.
            continue;
        }
        for (held, caller) in callers {
            let answer = knock(caller, method, path).await;
            let is_refused = answer.status == 403 && answer.text().contains("\"code\":\"insufficient_scope\"");
            let should_pass = suffices(sufficient, held);
            assert!(is_refused != should_pass, "{method} {path} with `{held}`: the matrix says {sufficient}, the service {answer:?}");
        }
    }
}

/// Whether a token with these scopes is let through where the matrix says this.
fn suffices(sufficient: &str, held: &str) -> bool {
    sufficient.split('|').any(|set| match set {
        "any" => true,
        "none" => false,
        named => named.split('+').all(|scope| held.split(' ').any(|own| own == scope)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_sets_has_to_be_held_as_a_whole() {
        for (sufficient, held, expected) in
            [("any", "", true), ("none", "a b", false), ("a", "b a", true), ("a", "ab", false), ("a+b", "a", false), ("a+b|c", "c", true)]
        {
            assert_eq!(suffices(sufficient, held), expected, "{sufficient} {held}");
        }
    }
}
