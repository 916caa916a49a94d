//! Serves the notes, or does what its command line says.

use portcullis::prelude::*;

fn main() -> ExitCode {
    notes::app(Accounts::default()).main()
}
