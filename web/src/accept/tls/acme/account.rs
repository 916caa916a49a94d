use std::io;

use instant_acme::{Account, AccountCredentials, ExternalAccountKey, Key, NewAccount};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::super::private_file::write_private;
use super::client::Client;
use super::failure::Failure;
use super::{Plan, Store};

/// The account at the authority as it is kept: its key lies apart from every certificate's.
#[derive(Deserialize, Serialize)]
pub(super) struct Saved {
    contact: Vec<String>,
    credentials: Value,
}

/// The account that was kept, if there is one.
pub(super) fn saved(store: &Store) -> Result<Option<Saved>, Failure> {
    let path = store.account();
    let unusable = |why: String| {
        Failure::Own(format!("cannot use the account in {}: {why}; mend the file, or move it away to get a new account", path.display()))
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(error.to_string())),
    };
    let saved: Saved = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
    let credentials = saved.credentials().map_err(|error| unusable(error.to_string()))?;
    Key::from_pkcs8_der(credentials.private_key().clone_key()).map_err(|error| unusable(error.to_string()))?;
    Ok(Some(saved))
}

/// Opens the account that was kept, or makes one.
pub(super) async fn account(plan: &Plan, store: &Store, client: &Client) -> Result<Account, Failure> {
    let Some(saved) = saved(store)? else { return register(plan, store, client).await };
    let account = saved.open(client).await?;
    if saved.contact != plan.contact {
        account.update_contacts(&texts(&plan.contact)).await?;
        keep(store, &Saved { contact: plan.contact.clone(), ..saved })?;
    }
    Ok(account)
}

/// Puts an account aside that the authority doesn't know.
pub(super) fn put_aside(store: &Store) -> Result<(), Failure> {
    let path = store.account();
    std::fs::rename(&path, path.with_file_name("account-unknown.json")).map_err(|error| Failure::Store("the account", error))
}

impl Saved {
    /// The account, with the authority's directory of today.
    pub(super) async fn open(&self, client: &Client) -> Result<Account, Failure> {
        let credentials = self.credentials().map_err(|error| Failure::Own(format!("cannot use the account: {error}")))?;
        Ok(Account::builder_with_http(Box::new(client.clone())).from_credentials(credentials).await?)
    }

    fn credentials(&self) -> Result<AccountCredentials, serde_json::Error> {
        AccountCredentials::deserialize(&self.credentials)
    }
}

async fn register(plan: &Plan, store: &Store, client: &Client) -> Result<Account, Failure> {
    // An account whose key can't be kept is lost at once.
    store.ensure_room().map_err(|error| Failure::Store("the account", error))?;
    let contact = texts(&plan.contact);
    let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let binding = plan.binding.as_ref().map(|binding| ExternalAccountKey::new(binding.identifier.clone(), &binding.key));
    let builder = Account::builder_with_http(Box::new(client.clone()));
    let (account, credentials) = builder.create(&new, plan.directory.to_string(), binding.as_ref()).await?;
    let credentials = serde_json::to_value(credentials).map_err(|error| Failure::Own(error.to_string()))?;
    keep(store, &Saved { contact: plan.contact.clone(), credentials })?;
    tracing::info!(event = "acme_account_made", authority = %plan.directory, "there is an account at the authority");
    Ok(account)
}

fn keep(store: &Store, saved: &Saved) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(saved).map(Zeroizing::new).map_err(|error| Failure::Own(error.to_string()))?;
    write_private(&store.account(), &text).map_err(|error| Failure::Store("the account", error))
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}
