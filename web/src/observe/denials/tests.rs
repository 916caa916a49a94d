use portcullis_core::ManualClock;

use super::*;

#[derive(Default)]
struct Written {
    budget: AuditBudget,
    rows: Mutex<Vec<Denial>>,
    dropped: Mutex<Vec<DroppedEvents>>,
    is_away: std::sync::atomic::AtomicBool,
}

impl Written {
    fn is_there(&self) -> Result<(), String> {
        if self.is_away.load(std::sync::atomic::Ordering::Relaxed) { Err("away".to_owned()) } else { Ok(()) }
    }
}

impl DenialLog for Written {
    fn budget(&self) -> &AuditBudget {
        &self.budget
    }

    fn write<'a>(&'a self, batch: &'a [Denial]) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async { self.is_there().map(|()| self.rows.lock().unwrap().extend_from_slice(batch)) })
    }

    fn write_dropped<'a>(&'a self, dropped: &'a DroppedEvents) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async { self.is_there().map(|()| self.dropped.lock().unwrap().push(dropped.clone())) })
    }
}

struct World {
    denials: Denials,
    log: Arc<Written>,
    dropped: Counter,
    hand: ManualClock,
}

impl World {
    fn new() -> Self {
        let (log, dropped) = (Arc::new(Written::default()), Counter::default());
        let (clock, hand) = Clock::manual(Timestamp::from_seconds(1_000_000));
        Self { denials: Denials::new(log.clone(), dropped.clone(), clock), log, dropped, hand }
    }

    fn note(&self, refused: &Refused<'_>) {
        let at = self.denials.0.clock.now();
        self.denials.note(refused, at, Id::new(at));
    }

    fn pass(&self, seconds: u64) {
        self.hand.advance(Duration::from_secs(seconds));
    }

    /// The rows that are written now.
    async fn written(&self) -> Vec<Denial> {
        self.denials.write(false).await;
        std::mem::take(&mut *self.log.rows.lock().unwrap())
    }

    fn summed_up(&self) -> u64 {
        self.log.dropped.lock().unwrap().iter().flat_map(|dropped| &dropped.kinds).map(|(_, events)| events).sum()
    }
}

fn address(text: &str) -> ClientAddress {
    ClientAddress::new(text.parse().unwrap())
}

fn refused<'a>(last: u32, method: &'static str, principal: Option<&'a str>) -> Refused<'a> {
    let address = ClientAddress::new(std::net::Ipv4Addr::from_bits(last).into());
    Refused { kind: "authz_fail", reason: "policy", principal, address, method, route: "/notes" }
}

#[tokio::test]
async fn a_storm_of_one_kind_is_one_entry_with_its_number_and_nothing_else_joins_it() {
    let world = World::new();
    let start = world.denials.0.clock.now();
    for _ in 0..10_000 {
        world.note(&refused(1, "GET", Some("ann")));
    }
    for other in [refused(1, "GET", Some("bob")), refused(1, "GET", None), refused(1, "PUT", Some("ann")), refused(2, "GET", Some("ann"))] {
        world.pass(1);
        world.note(&other);
    }
    world.pass(1);
    // The same letters, parted elsewhere.
    world.note(&Refused { principal: Some("annG"), method: "ET", ..refused(1, "GET", None) });
    let written = world.written().await;
    let times: Vec<u64> = written.iter().map(|denial| denial.times).collect();
    assert_eq!(times, [10_000, 1, 1, 1, 1, 1]);
    assert_eq!((written[0].at, written[0].endpoint.as_str()), (start, "GET /notes"));
    assert!(world.written().await.is_empty(), "nothing is written twice");
}

#[tokio::test]
async fn an_anonymous_client_has_a_row_at_once_and_then_one_a_minute_and_no_event_is_forgotten() {
    let world = World::new();
    let mut rows = Vec::new();
    for _ in 0..180 {
        for _ in 0..10 {
            world.note(&refused(1, "GET", None));
        }
        rows.extend(world.written().await.iter().map(|denial| denial.times));
        world.pass(1);
    }
    assert_eq!(rows, [10, 600, 600]);
    world.denials.finish().await;
    let last: Vec<u64> = world.log.rows.lock().unwrap().iter().map(|denial| denial.times).collect();
    assert_eq!(last, [590]);
}

#[tokio::test]
async fn a_million_new_addresses_an_hour_cause_no_more_rows_than_there_is_room_for_and_every_event_is_counted() {
    let world = World::new();
    let (mut rows, mut events) = (0, 0);
    for second in 0..7200 {
        for number in 0..30 {
            let first = refused(second * 30 + number, "GET", None);
            world.note(&first);
        }
        let written = world.written().await;
        rows += written.len();
        events += written.iter().map(|denial| denial.times).sum::<u64>();
        world.pass(1);
    }
    assert_eq!(rows, 400 + 2 * 400 - 1);
    world.denials.finish().await;
    assert_eq!((events + world.dropped.get(), world.summed_up()), (7200 * 30, world.dropped.get()));
    assert!(world.log.dropped.lock().unwrap().len() <= 121, "one summary a minute, and one at the end");
}

#[tokio::test]
async fn noise_takes_no_room_of_callers_and_a_noisy_caller_none_of_others() {
    let world = World::new();
    for number in 0..10_000 {
        world.note(&refused(number, "GET", None));
        world.note(&refused(number, "GET", Some("eve")));
    }
    for number in 0..500 {
        world.note(&refused(number, "GET", Some("ann")));
    }
    let written = world.written().await;
    let rows = |principal: Option<&str>| written.iter().filter(|denial| denial.principal.as_deref() == principal).count();
    assert_eq!((rows(None), rows(Some("eve")), rows(Some("ann"))), (400, 1200, 500));
}

#[tokio::test]
async fn addresses_of_one_bucket_are_one_entry() {
    let world = World::new();
    for last in 0..1000 {
        let of = |text: String, principal| Refused { address: address(&text), ..refused(1, "GET", principal) };
        world.note(&of(format!("2001:db8:0:1::{last:x}"), None));
        world.note(&of(format!("2001:db8:0:1::{last:x}"), Some("ann")));
        world.note(&of(["192.0.2.1", "::ffff:192.0.2.1"][last % 2].to_owned(), None));
    }
    let written = world.written().await;
    let mut entries: Vec<_> = written.iter().map(|denial| (denial.address.as_str(), denial.times)).collect();
    entries.sort_unstable();
    assert_eq!(entries, [("192.0.2.1", 1000), ("2001:db8:0:1::", 1000), ("2001:db8:0:1::", 1000)]);
}

#[tokio::test]
async fn what_the_database_does_not_take_is_counted_and_summed_up_once_it_is_back() {
    let world = World::new();
    world.log.is_away.store(true, std::sync::atomic::Ordering::Relaxed);
    for _ in 0..7 {
        world.note(&refused(1, "GET", Some("ann")));
    }
    assert!(world.written().await.is_empty());
    assert_eq!((world.dropped.get(), world.summed_up()), (7, 0));
    world.log.is_away.store(false, std::sync::atomic::Ordering::Relaxed);
    world.denials.finish().await;
    assert_eq!(world.summed_up(), 7);
}

#[test]
fn only_standard_methods_have_a_name() {
    for method in ["GET", "PATCH", "CONNECT"] {
        assert_eq!(known_method(method), method);
    }
    for own in ["M1", "get", "", "PROPFIND", &"X".repeat(10_000)] {
        assert_eq!(known_method(own), "_OTHER");
    }
}
