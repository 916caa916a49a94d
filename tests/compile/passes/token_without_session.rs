//! The keys that sign are shown, not lent.
use portcullis::accounts::AccountService;

fn show(accounts: &AccountService) -> String {
    format!("{:?}", accounts.keys())
}

fn main() {}
