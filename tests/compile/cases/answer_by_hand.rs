//! An answer is made by hand, past every output.
use portcullis::prelude::*;
use portcullis::web::Response;
use portcullis::web::app::OperationDoc;
use portcullis::web::respond::Answer;

struct Anything;

impl Answer for Anything {
    fn describe(_: &mut OperationDoc<'_>) {}
    fn into_answer(self) -> Response {
        Response::default()
    }
}

fn main() {}
