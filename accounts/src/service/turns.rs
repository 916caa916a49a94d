//! How attempts wait: few at a time at each account, and no more in all than there is a use for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_core::password::{Busy, ClientKey};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::attempts::Counters;
use crate::error::AccountError;
use crate::settings::AccountsSettings;

/// The turns of attempts: accounts share a fixed number of lines, so memory is bounded.
///
/// Attempts are counted as failures until they turn out right. As many as can't delay the account are judged at once; the others wait,
/// so that many right passwords at once are all right.
pub(super) struct Turns {
    lines: Vec<Arc<Semaphore>>,
    together: u32,
}

/// An attempt's turn, until it is over.
pub(super) struct Turn {
    line: Arc<Semaphore>,
    together: u32,
    permit: OwnedSemaphorePermit,
}

impl Turns {
    /// Turns for an account that is delayed after so many failures.
    pub(super) fn new(failures_before_delay: u32) -> Self {
        let together = failures_before_delay.saturating_sub(1).clamp(1, MOST_TOGETHER);
        let line = || Arc::new(Semaphore::new(usize::try_from(together).unwrap_or(1)));
        Self { lines: (0..LINES).map(|_| line()).collect(), together }
    }

    /// Waits until few enough attempts at the account are before this one.
    pub(super) async fn take(&self, counters: &Counters) -> Option<Turn> {
        let number = counters.account().bytes().take(8).fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let line = self.lines.get(number % LINES)?;
        Turn::wait(Arc::clone(line), self.together, 1).await
    }
}

impl Turn {
    /// Whether no other attempt at the account has its turn.
    pub(super) fn is_alone(&self) -> bool {
        self.line.available_permits() + self.permit.num_permits() >= usize::try_from(self.together).unwrap_or(1)
    }

    /// Waits until no attempt at the account is beside this one: those may be what stands in its way, and turn out right.
    pub(super) async fn alone(self) -> Option<Self> {
        let Self { line, together, permit } = self;
        drop(permit);
        Self::wait(line, together, together).await
    }

    async fn wait(line: Arc<Semaphore>, together: u32, places: u32) -> Option<Self> {
        let permit = Arc::clone(&line).acquire_many_owned(places).await.ok()?;
        Some(Self { line, together, permit })
    }
}

/// The attempts that are judged at this moment or wait for it, in all and of each address.
///
/// The surplus is refused before anything is done for it, and may come back in a second: many right attempts at once from one office must
/// neither use up what the address may fail, nor what others log in with.
pub(super) struct InFlight(Arc<Room>);

struct Room {
    most: u32,
    most_of_address: u32,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    in_all: u32,
    of_address: HashMap<ClientKey, u32>,
}

/// A place among the attempts, until it is dropped.
pub(super) struct Place {
    room: Arc<Room>,
    address: ClientKey,
}

impl InFlight {
    /// Room for those that wait, as the settings have it, and for one at each hashing thread.
    pub(super) fn new(settings: &AccountsSettings, threads: usize) -> Self {
        let threads = u32::try_from(threads).unwrap_or(1);
        let most_of_address = settings.hashing_queue_per_address.saturating_add(threads).min(settings.failures_per_address.max(1));
        Self(Arc::new(Room { most: settings.hashing_queue.saturating_add(threads), most_of_address, taken: Mutex::default() }))
    }

    /// Takes a place, unless all are taken.
    pub(super) fn enter(&self, address: ClientKey) -> Result<Place, AccountError> {
        let mut taken = self.0.taken();
        let of_address = taken.of_address.get(&address).copied().unwrap_or(0);
        if taken.in_all >= self.0.most || of_address >= self.0.most_of_address {
            return Err(AccountError::Busy(Busy { retry_after: SOON }));
        }
        taken.in_all += 1;
        taken.of_address.insert(address, of_address + 1);
        Ok(Place { room: Arc::clone(&self.0), address })
    }
}

impl Place {
    /// An address that is refused because of attempts beside this one may come back when those are judged.
    pub(super) fn soften(&self, error: AccountError) -> AccountError {
        let is_alone = self.room.taken().of_address.get(&self.address).is_none_or(|count| *count <= 1);
        if is_alone || !matches!(error, AccountError::Throttled { .. }) { error } else { AccountError::Busy(Busy { retry_after: SOON }) }
    }
}

impl Room {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        taken.in_all -= 1;
        if let Some(count) = taken.of_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.of_address.remove(&self.address);
            }
        }
    }
}

const LINES: usize = 1024;
const MOST_TOGETHER: u32 = 4;
const SOON: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn room(most: u32, most_of_address: u32) -> InFlight {
        let (hashing_queue, hashing_queue_per_address) = (most - 1, most_of_address - 1);
        InFlight::new(&AccountsSettings { hashing_queue, hashing_queue_per_address, ..AccountsSettings::default() }, 1)
    }

    fn key(text: &str) -> ClientKey {
        ClientKey::of(text.parse().unwrap())
    }

    #[test]
    fn one_address_leaves_room_for_others_and_all_together_stay_bounded() {
        let room = room(4, 2);
        let enter = |text: &str| room.enter(key(text));
        let held: Vec<_> = (0..50).filter_map(|_| enter("192.0.2.1").ok()).collect();
        assert_eq!(held.len(), 2);
        let others: Vec<_> = (2..50).filter_map(|last| enter(&format!("192.0.2.{last}")).ok()).collect();
        assert_eq!(others.len(), 2);
        drop(held);
        assert!(enter("192.0.2.1").is_ok());
        drop(others);
        assert!(room.0.taken().of_address.is_empty() && room.0.taken().in_all == 0);
    }

    #[test]
    fn an_address_may_not_have_more_under_way_than_it_may_fail() {
        let room = InFlight::new(&AccountsSettings { failures_per_address: 3, ..AccountsSettings::default() }, 8);
        let held: Vec<_> = (0..50).filter_map(|_| room.enter(key("192.0.2.1")).ok()).collect();
        assert_eq!(held.len(), 3);
    }
}
