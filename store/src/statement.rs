use std::cell::RefCell;
use std::collections::HashMap;

use crate::StoreError;
use crate::value::Value;

/// Whether a statement only reads, so that it may run beside others on SQLite.
///
/// `WITH` may lead to a write; a word of writing anywhere in it counts, even in a literal, because the writer can run everything.
pub(crate) fn only_reads(sql: &str) -> bool {
    let mut words = sql.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or("");
    let starts = !sql.trim_start().starts_with(['-', '/']);
    if first.eq_ignore_ascii_case("with") {
        return starts && !words.any(|word| WRITING.iter().any(|writing| word.eq_ignore_ascii_case(writing)));
    }
    starts && first.eq_ignore_ascii_case("select")
}

/// Whether a statement changes rows and nothing else, so that it may share a transaction with others of its kind.
pub(crate) fn changes_rows(sql: &str) -> bool {
    let first = sql.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty()).unwrap_or("");
    let starts = !sql.trim_start().starts_with(['-', '/']);
    starts && (first.eq_ignore_ascii_case("with") || WRITING.iter().any(|writing| first.eq_ignore_ascii_case(writing)))
}

/// Refuses what the two databases would treat differently.
///
/// SQLite reads a placeholder without a value as NULL, and stores U+0000 in a text; PostgreSQL refuses both.
pub(crate) fn check(sql: &'static str, values: &[Value]) -> Result<(), StoreError> {
    let expected = match known(sql) {
        Some(expected) => expected,
        None => remember(sql, placeholders(sql)?),
    };
    if expected != values.len() {
        return Err(StoreError::Refused(format!("the statement has {expected} placeholders and {} values: {sql}", values.len())));
    }
    if values.iter().any(|value| matches!(value, Value::Text(text) if text.contains('\0'))) {
        return Err(StoreError::Unstorable("a text with U+0000"));
    }
    Ok(())
}

thread_local! {
    /// How many values a statement takes, by where its text lies: it never changes, and is not read again for every row.
    static KNOWN: RefCell<HashMap<(usize, usize), usize>> = RefCell::default();
}

fn known(sql: &'static str) -> Option<usize> {
    KNOWN.with_borrow(|known| known.get(&(sql.as_ptr().addr(), sql.len())).copied())
}

fn remember(sql: &'static str, expected: usize) -> usize {
    KNOWN.with_borrow_mut(|known| {
        if known.len() < MOST_KNOWN {
            known.insert((sql.as_ptr().addr(), sql.len()), expected);
        }
    });
    expected
}

/// The number of values that a statement takes, if it is one statement.
fn placeholders(sql: &str) -> Result<usize, StoreError> {
    if sql.trim_ascii().is_empty() {
        return Err(StoreError::Refused("the statement is empty".to_owned()));
    }
    let first = first_word(sql);
    if CONTROLLING.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        // On a connection that others use next, what it begins would swallow their writes, and what it ends would not be all or nothing.
        return Err(StoreError::Refused(format!(
            "a transaction begins by `begin` and ends by `commit` or by being dropped, not by {first}"
        )));
    }
    let (expected, rest) = parts(sql);
    if !rest.trim_ascii().is_empty() {
        return Err(StoreError::Refused("a statement stands alone: run the next one by itself".to_owned()));
    }
    Ok(expected)
}

/// The first word behind comments.
fn first_word(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        let behind = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n')
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/")
        } else {
            return rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
        };
        rest = behind.map_or("", |(_, behind)| behind.trim_start());
    }
}

/// The highest `$n` outside of literals and comments, and what stands behind the first `;`.
fn parts(sql: &str) -> (usize, &str) {
    let mut highest = 0;
    let mut rest = sql.bytes().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'\'' | b'"' => while rest.next().is_some_and(|next| next != byte) {},
            b'-' if rest.peek() == Some(&b'-') => while rest.next().is_some_and(|next| next != b'\n') {},
            b';' => return (highest, sql.get(sql.len() - rest.len()..).unwrap_or("")),
            b'$' => {
                let mut number = 0_usize;
                while let Some(digit) = rest.next_if(u8::is_ascii_digit) {
                    number = number.saturating_mul(10).saturating_add(usize::from(digit - b'0'));
                }
                highest = highest.max(number);
            }
            _ => {}
        }
    }
    (highest, "")
}

const MOST_KNOWN: usize = 4096;
const WRITING: [&str; 4] = ["insert", "update", "delete", "replace"];
const CONTROLLING: [&str; 9] = ["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_reads_goes_to_the_readers() {
        for sql in ["SELECT 1", "\n  select a FROM b", "WITH a AS (SELECT 1) SELECT * FROM a", "SELECT(1)"] {
            assert!(only_reads(sql), "{sql}");
        }
        for sql in [
            "",
            "INSERT INTO a VALUES (1) RETURNING b",
            "WITH a AS (SELECT 1) DELETE FROM b",
            "with a as (select 1) insert into b select * from a returning c",
            "-- why\nSELECT 1",
            "/* why */ SELECT 1",
            "SELECTED",
            "PRAGMA user_version",
        ] {
            assert!(!only_reads(sql), "{sql}");
        }
    }

    #[test]
    fn placeholders_are_counted_outside_of_literals_and_comments() {
        for (sql, expected) in [
            ("SELECT 1", 0),
            ("SELECT $1, $2, $1", 2),
            ("SELECT $12", 12),
            ("SELECT '$3 it''s $4', \"$5\", $1", 1),
            ("SELECT $1 -- it's $9\n, $2", 2),
            ("SELECT $$", 0),
            ("SELECT '$1", 0),
        ] {
            assert_eq!(parts(sql).0, expected, "{sql}");
        }
    }
}
