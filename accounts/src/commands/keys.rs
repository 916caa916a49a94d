use clap::Subcommand;
use serde_json::json;

use super::{CommandFailed, Terminal};
use crate::keys::KeyView;
use crate::service::{AccountService, Actor, Origin};

/// Commands about signing keys.
#[derive(Clone, Copy, Debug, Subcommand)]
#[non_exhaustive]
pub enum KeysCommand {
    /// List the keys in use.
    List,
    /// Make the next key. It signs when verifiers have had time to learn it; tokens of the present one stay valid until they expire.
    Rotate,
}

impl KeysCommand {
    pub(super) async fn run(self, accounts: &AccountService, terminal: &mut Terminal<'_>) -> Result<(), CommandFailed> {
        match self {
            Self::List => accounts.keys().list().iter().try_for_each(|key| say(key, terminal)),
            Self::Rotate => say(&accounts.rotate_keys(&Actor::CommandLine, &Origin::default()).await?, terminal),
        }
    }
}

fn say(key: &KeyView, terminal: &mut Terminal<'_>) -> Result<(), CommandFailed> {
    let value = json!({"kid": key.kid, "state": key.state, "created_at": key.created_at, "signs_from": key.signs_from});
    terminal.say(&value, &format!("{}\t{}\tsigns from {}", key.kid, key.state, key.signs_from))
}
