use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const STRANGERS: [AuditRoom<'_>; 5] =
    [AuditRoom::AnonymousDenial, AuditRoom::LogInFailure, AuditRoom::LockOut, AuditRoom::TokenReuse, AuditRoom::Registration];

fn admitted(budget: &AuditBudget, room: AuditRoom<'_>, events: usize, now: Timestamp) -> usize {
    (0..events).filter(|_| budget.admits(room, "kind", 1, now)).count()
}

#[test]
fn anonymous_clients_cause_fewer_than_3000_rows_in_any_hour_summaries_included() {
    let (budget, start) = (AuditBudget::new(), Timestamp::from_seconds(1_000_000));
    let mut rows: Vec<Timestamp> = Vec::new();
    for second in 0..3 * 3600 {
        let now = start + Duration::from_secs(second);
        let written: usize = STRANGERS.into_iter().map(|room| admitted(&budget, room, if second % 600 == 0 { 600 } else { 1 }, now)).sum();
        let summaries = usize::from(budget.summary(now, false).is_some());
        rows.extend(std::iter::repeat_n(now, written + summaries));
    }
    let worst = rows.iter().map(|from| rows.iter().filter(|at| *at >= from && at.since(*from) < HOUR).count()).max();
    assert!(worst.is_some_and(|worst| (2000..=3000).contains(&worst)), "{worst:?}");
}

#[test]
fn no_kind_of_noise_takes_the_room_of_another() {
    let (budget, now) = (AuditBudget::new(), Timestamp::from_seconds(1_000_000));
    let mut sums = Vec::new();
    for room in STRANGERS.into_iter().chain([AuditRoom::Denial("eve"), AuditRoom::Own("eve"), AuditRoom::OwnPassword("eve")]) {
        sums.push(admitted(&budget, room, 5000, now));
    }
    assert_eq!(sums, [400, 350, 150, 60, 500, 1200, 1200, 60]);
    for room in [AuditRoom::Denial("ann"), AuditRoom::Own("ann"), AuditRoom::Administration] {
        assert_eq!(admitted(&budget, room, 1000, now), 1000, "{room:?}");
    }
    let dropped = budget.summary(now, false).unwrap();
    assert_eq!(dropped.kinds, [("kind", 8 * 5000 - sums.iter().sum::<usize>() as u64)]);
    assert_eq!(admitted(&budget, AuditRoom::OwnPassword("ann"), 1000, now), 60, "beside a thousand other events of hers");
}

#[test]
fn many_accounts_of_one_person_leave_everybody_else_some_room() {
    let (budget, now) = (AuditBudget::new(), Timestamp::from_seconds(1_000_000));
    let puppets: usize = (0..100).map(|number| admitted(&budget, AuditRoom::Denial(&format!("puppet {number}")), 2000, now)).sum();
    assert_eq!(puppets, 100 * 120 + 12_000);
    assert_eq!(admitted(&budget, AuditRoom::Denial("ann"), 200, now), 120);
    let puppets: usize = (0..100).map(|number| admitted(&budget, AuditRoom::Own(&format!("puppet {number}")), 2000, now)).sum();
    assert_eq!(puppets, 100 * 60 + 12_000, "what they do with their own accounts");
    assert_eq!(admitted(&budget, AuditRoom::Own("ann"), 200, now), 60);
}

#[test]
fn memory_is_bounded_however_many_callers_there_are() {
    let (budget, now) = (AuditBudget::new(), Timestamp::from_seconds(1_000_000));
    for number in 0..100_000 {
        let _ = budget.admits(AuditRoom::Own(&number.to_string()), "kind", 1, now);
    }
    assert!(budget.state().callers.len() <= MOST_CALLERS + usize::try_from(SHARED_CALLERS).unwrap());
    // An hour later everybody's room is whole, and they are forgotten.
    let later = now + HOUR;
    assert!(budget.admits(AuditRoom::Own("ann"), "kind", 1, later));
    assert_eq!(budget.state().callers.len(), 1);
}

#[test]
fn a_summary_comes_at_once_then_once_a_minute_and_at_the_end() {
    let (budget, now) = (AuditBudget::new(), Timestamp::from_seconds(1_000_000));
    assert!(budget.summary(now, true).is_none(), "nothing was dropped");
    budget.lost("one", 2);
    budget.lost("two", 1);
    budget.lost("one", 3);
    let first = budget.summary(now, false).unwrap();
    assert_eq!(first.kinds, [("one", 5), ("two", 1)]);
    budget.lost("one", 1);
    assert!(budget.summary(now + Duration::from_secs(59), false).is_none());
    assert_eq!(budget.summary(now + Duration::from_secs(60), false).unwrap().kinds, [("one", 1)]);
    budget.lost("two", 7);
    assert_eq!(budget.summary(now + Duration::from_secs(61), true).unwrap().kinds, [("two", 7)]);
    budget.take_back(&first);
    assert_eq!(budget.summary(now + Duration::from_secs(200), false).unwrap().kinds, [("one", 5), ("two", 1)]);
    assert_eq!(budget.dropped().get_or_create_owned(&[("kind", "two")]).get(), 8);
}
