use super::argument::{Argument, Kind, Nothing};
use super::call::Call;
use super::query::refuse_pairs;
use crate::app::OperationDoc;
use crate::respond::{FieldError, Page, Problem};

/// The place in a list: `?limit=&cursor=`.
///
/// A cursor is opaque and signed by the service; a forged one, or one of another list, is refused.
#[derive(Clone, Debug)]
pub struct PageRequest {
    limit: u32,
    after: Option<String>,
    endpoint: &'static str,
    cursors: crate::app::Cursors,
}

impl PageRequest {
    /// How many items to fetch: one more than the page holds, so that the list knows whether it goes on.
    #[must_use]
    pub const fn fetch(&self) -> i64 {
        self.limit as i64 + 1
    }

    /// The key after which the page begins, as the last page's [`finish`](Self::finish) wrote it.
    #[must_use]
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Makes the page out of the fetched rows; `key` names a row's place in the order.
    #[must_use]
    pub fn finish<Row, T>(&self, mut rows: Vec<Row>, key: impl Fn(&Row) -> String, view: impl Fn(Row) -> T) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| self.cursors.seal(self.endpoint, &key(row)));
        Page { items: rows.into_iter().map(view).collect(), next }
    }
}

#[diagnostic::do_not_recommend]
impl Argument for PageRequest {
    const KIND: Kind = Kind::Page;
    type Needs = Nothing;

    fn describe(operation: &mut OperationDoc<'_>) {
        operation.page_parameters(DEFAULT_LIMIT, MAX_LIMIT);
    }

    async fn extract(call: &mut Call) -> Result<Self, Problem> {
        refuse_pairs(call.query().as_bytes())?;
        let pairs = serde_urlencoded::from_str::<Vec<(String, String)>>(call.query()).unwrap_or_default();
        let (mut limit, mut after, mut errors) = (None, None, Vec::new());
        let cursors = call.runtime.cursors().clone();
        for (name, value) in pairs {
            match name.as_str() {
                "limit" if limit.is_none() => match value.parse::<u32>() {
                    Ok(number @ 1..=MAX_LIMIT) => limit = Some(number),
                    _ => errors.push(failure("/limit", "out_of_range", "The limit is a number from 1 to 100.")),
                },
                "cursor" if after.is_none() => match cursors.open(call.endpoint.path(), &value) {
                    Some(key) => after = Some(key),
                    None => errors.push(failure("/cursor", "cursor", "This cursor is not one of this list.")),
                },
                "limit" => errors.push(failure("/limit", "repeated", "This field stands more than once.")),
                "cursor" => errors.push(failure("/cursor", "repeated", "This field stands more than once.")),
                // Other parameters belong to a `Query` beside this argument, or are refused by the endpoint.
                _ => errors
                    .extend((!call.endpoint.takes(Kind::Query)).then(|| failure("", "unknown_field", "The query holds an unknown field."))),
            }
        }
        if errors.is_empty() {
            Ok(Self { limit: limit.unwrap_or(DEFAULT_LIMIT), after, endpoint: call.endpoint.path(), cursors })
        } else {
            Err(Problem::invalid(errors))
        }
    }
}

fn failure(pointer: &str, code: &'static str, detail: &'static str) -> FieldError {
    FieldError { pointer: pointer.to_owned(), code, detail: detail.into() }
}

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 100;
