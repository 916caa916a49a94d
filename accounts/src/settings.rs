use portcullis_web::app::config::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Section `accounts` of the settings.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AccountsSettings {
    /// Whether strangers can make an account with `POST /users`.
    pub registration: bool,
    /// The role of a new account that registered itself; by default `user` if there is such a role, else the least trusted one. While
    /// registration is open, the most trusted role and roles with a permission of accounts stop the start.
    pub registration_role: Option<String>,
    /// Whether `POST /token` takes user name and password, for first-party applications.
    pub password_grant: bool,
    /// How long an access token lasts, in seconds; 60 to 86400.
    pub access_token_seconds: u32,
    /// After how many seconds without use a refresh token ends.
    pub refresh_idle_seconds: u32,
    /// How many seconds after the log-in the last refresh token ends.
    pub refresh_absolute_seconds: u32,
    /// For how many seconds a lost answer to a refresh can be asked for again by the same client.
    pub refresh_grace_seconds: u32,
    /// After how many seconds without use a browser session ends.
    pub session_idle_seconds: u32,
    /// How many seconds after the log-in a browser session ends.
    pub session_absolute_seconds: u32,
    /// How many sessions a user may have at once, those of tokens and those of browsers together, 1 to 1000. When another one begins, the
    /// one that began first ends.
    pub sessions_per_user: u32,
    /// The fewest characters of a new password, 8 to 64. Below 15 a password alone is weaker than NIST SP 800-63B-4 demands.
    pub password_min_length: u32,
    /// How many wrong passwords in a row are judged without delay.
    pub failures_before_delay: u32,
    /// The delay after that many, in seconds; it doubles with each further wrong password.
    pub first_delay_seconds: u32,
    /// The longest delay, in seconds.
    pub longest_delay_seconds: u32,
    /// After how many wrong passwords in a row the password is disabled until it is reset; at most 100.
    pub failures_before_disabled: u32,
    /// How many wrong passwords one address (an IPv6 /64) may try in the window.
    pub failures_per_address: u32,
    /// The window of `failures_per_address`, in seconds.
    pub address_window_seconds: u32,
    /// How many threads hash passwords; by default one for each core.
    pub hashing_threads: Option<u32>,
    /// How many requests may wait for a hashing thread.
    pub hashing_queue: u32,
    /// How many requests of one address may wait for a hashing thread.
    pub hashing_queue_per_address: u32,
    /// The memory of one hash, in KiB.
    pub hashing_memory_kib: u32,
    /// The iterations of one hash.
    pub hashing_iterations: u32,
    /// How long links for setting a password or making the first administrator last, in seconds.
    pub link_seconds: u32,
    /// The contacts in `/.well-known/security.txt` (RFC 9116), `mailto:` or `https:` addresses; there is no such page without one.
    pub security_contacts: Vec<String>,
}

impl Section for AccountsSettings {
    const NAME: &'static str = "accounts";
}

impl Default for AccountsSettings {
    fn default() -> Self {
        Self {
            registration: true,
            registration_role: None,
            password_grant: true,
            access_token_seconds: 30 * MINUTE,
            refresh_idle_seconds: 14 * DAY,
            refresh_absolute_seconds: 30 * DAY,
            refresh_grace_seconds: 10,
            session_idle_seconds: 60 * MINUTE,
            session_absolute_seconds: DAY,
            sessions_per_user: 50,
            password_min_length: 15,
            failures_before_delay: 5,
            first_delay_seconds: 30,
            longest_delay_seconds: 60 * MINUTE,
            failures_before_disabled: 100,
            failures_per_address: 50,
            address_window_seconds: 15 * MINUTE,
            hashing_threads: None,
            hashing_queue: 200,
            hashing_queue_per_address: 20,
            hashing_memory_kib: 19_456,
            hashing_iterations: 2,
            link_seconds: 30 * MINUTE,
            security_contacts: Vec::new(),
        }
    }
}

impl AccountsSettings {
    /// Refuses values that make no sense or break a promise.
    ///
    /// # Errors
    /// The key and what is wrong with its value.
    pub fn checked(self) -> Result<Self, SettingRefused> {
        let contacts_fit = self.security_contacts.iter().all(|contact| {
            (contact.starts_with("mailto:") || contact.starts_with("https://")) && contact.chars().all(|c| c.is_ascii_graphic())
        });
        let rules = [
            ("access_token_seconds", (60..=DAY).contains(&self.access_token_seconds), "60 to 86400"),
            ("refresh_idle_seconds", self.refresh_idle_seconds >= self.access_token_seconds, "at least access_token_seconds"),
            ("refresh_absolute_seconds", self.refresh_absolute_seconds >= self.refresh_idle_seconds, "at least refresh_idle_seconds"),
            ("refresh_grace_seconds", self.refresh_grace_seconds <= MINUTE, "at most 60"),
            ("session_idle_seconds", self.session_idle_seconds >= MINUTE, "at least 60"),
            ("session_absolute_seconds", self.session_absolute_seconds >= self.session_idle_seconds, "at least session_idle_seconds"),
            ("sessions_per_user", (1..=1000).contains(&self.sessions_per_user), "1 to 1000"),
            ("password_min_length", (8..=64).contains(&self.password_min_length), "8 to 64"),
            ("failures_before_delay", (1..=20).contains(&self.failures_before_delay), "1 to 20"),
            ("first_delay_seconds", (1..=60 * MINUTE).contains(&self.first_delay_seconds), "1 to 3600"),
            (
                "longest_delay_seconds",
                (self.first_delay_seconds..=DAY).contains(&self.longest_delay_seconds),
                "first_delay_seconds to 86400",
            ),
            (
                "failures_before_disabled",
                (self.failures_before_delay..=100).contains(&self.failures_before_disabled),
                "failures_before_delay to 100",
            ),
            ("failures_per_address", self.failures_per_address >= 1, "at least 1"),
            ("address_window_seconds", (1..=DAY).contains(&self.address_window_seconds), "1 to 86400"),
            ("hashing_threads", self.hashing_threads.is_none_or(|threads| (1..=256).contains(&threads)), "1 to 256"),
            ("hashing_queue", (1..=100_000).contains(&self.hashing_queue), "1 to 100000"),
            ("hashing_queue_per_address", self.hashing_queue_per_address >= 1, "at least 1"),
            ("link_seconds", (MINUTE..=7 * DAY).contains(&self.link_seconds), "60 to 604800"),
            ("security_contacts", contacts_fit, "mailto: or https: addresses"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((key, _, wanted)) => Err(SettingRefused { key, wanted }),
            None => Ok(self),
        }
    }
}

/// A setting of the section `accounts` cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("accounts.{key} must be {wanted}")]
pub struct SettingRefused {
    /// The key.
    pub key: &'static str,
    /// What its value must be.
    pub wanted: &'static str,
}

const MINUTE: u32 = 60;
const DAY: u32 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass_and_broken_promises_do_not() {
        assert!(AccountsSettings::default().checked().is_ok());
        let refused = |change: fn(&mut AccountsSettings)| {
            let mut settings = AccountsSettings::default();
            change(&mut settings);
            settings.checked().unwrap_err().key
        };
        assert_eq!(refused(|s| s.failures_before_disabled = 101), "failures_before_disabled");
        assert_eq!(refused(|s| s.password_min_length = 7), "password_min_length");
        assert_eq!(refused(|s| s.sessions_per_user = 0), "sessions_per_user");
        assert_eq!(refused(|s| s.sessions_per_user = 1001), "sessions_per_user");
        assert_eq!(refused(|s| s.access_token_seconds = 0), "access_token_seconds");
        assert_eq!(refused(|s| s.security_contacts = vec!["javascript:1".to_owned()]), "security_contacts");
    }
}
