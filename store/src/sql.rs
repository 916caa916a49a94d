/// The text of a statement: a literal or a constant of the program.
///
/// Only `&'static str` is one. A text put together at run time is the way of every SQL injection, so it doesn't compile.
#[diagnostic::on_unimplemented(
    message = "SQL is a text of the program, and `{Self}` may be put together at run time",
    label = "not a `&'static str`",
    note = "write the statement as a literal or a constant, and bind its values: `database.query(\"… WHERE name = $1\").bind(name)`"
)]
pub trait Sql: sealed::Sealed {
    /// The text.
    fn text(self) -> &'static str;
}

impl Sql for &'static str {
    fn text(self) -> &'static str {
        self
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else makes SQL out of other types")]
    pub trait Sealed {}
    impl Sealed for &'static str {}
}
