//! Runs that ask an Active Directory only for what changed, and runs whose domain controller goes away.

use jiff::SignedDuration;
use rstest::rstest;
use tenure_core::fetching::Wish;
use tenure_core::watching::DirectoryRead;
use tenure_sim::active_directory::ControllerFaults;
use tenure_store::RunState;

use crate::company::On;
use crate::domain::{Corp, PEOPLE, STAFF, samba, user};

fn whole(why: &str) -> DirectoryRead {
    DirectoryRead::WholeBecause { why: why.to_owned() }
}

fn changes(changed: u64, gone: u64) -> DirectoryRead {
    DirectoryRead::Changes { changed, gone }
}

#[tokio::test]
async fn fifty_changes_among_ten_thousand_accounts_cost_a_hundred_entries() {
    let domain = Corp::start(On::Sqlite, 10_000, 1).await;
    assert_eq!(domain.run().await, DirectoryRead::Whole);
    assert!(domain.entries() >= 10_000);
    for at in 0..50 {
        domain
            .domain
            .set(&user(at * 199), "title", "Somebody else")
            .unwrap();
    }
    let before = domain.entries();
    let planned = domain.plan().await;
    let read = domain.entries() - before;
    assert_eq!(planned.summary.directory_read, changes(50, 0));
    assert_eq!(
        (planned.summary.accounts, planned.summary.plan.changes),
        (10_000, 50)
    );
    assert!(read < 200, "{read} entries were read");

    // A whole reading comes to the same plan.
    let again = domain.plan_with(Wish::Everything).await;
    assert_eq!(again.summary.directory_read, whole("asked for"));
    assert_eq!(again.plan_digest, planned.plan_digest);

    // What Tenure itself writes comes back as a change, and is none.
    assert_eq!(domain.apply(&again).await.state, RunState::Done);
    let settled = domain.plan().await;
    assert_eq!(settled.summary.directory_read, changes(50, 0));
    assert_eq!((settled.state, settled.summary.plan.changes), (RunState::Done, 0));
    let before = domain.entries();
    assert_eq!(domain.run().await, changes(0, 0));
    assert!(domain.entries() - before < 10);
}

#[tokio::test]
async fn samba_with_two_thousand_accounts_is_followed() {
    let (dc, office) = samba(2000).await;
    assert_eq!(office.run().await, DirectoryRead::Whole);
    let change = |at: usize| {
        format!(
            "dn: CN=user{at:06},OU=People,DC=lab,DC=test\nchangetype: modify\nreplace: title\ntitle: Somebody else\n\n"
        )
    };
    let changed: String = (0..50).map(|at| change(at * 39)).collect();
    dc.ldapmodify(&changed).unwrap();
    let leaves = "dn: CN=All,DC=lab,DC=test\nchangetype: modify\ndelete: member\n\
                  member: CN=user000001,OU=People,DC=lab,DC=test\n";
    dc.ldapmodify(leaves).unwrap();
    let planned = office.plan().await;
    assert_eq!(planned.summary.directory_read, changes(51, 0));
    assert_eq!(
        (planned.summary.accounts, planned.summary.plan.changes),
        (2000, 51)
    );
    let again = office.plan_with(Wish::Everything).await;
    assert_eq!(again.plan_digest, planned.plan_digest);
    assert_eq!(office.apply(&again).await.state, RunState::Done);
    assert_eq!(office.run().await, changes(51, 0));
    assert_eq!(office.run().await, changes(0, 0));
}

#[rstest]
#[tokio::test]
async fn a_run_follows_what_happens_in_the_directory(#[values(On::Sqlite, On::Postgres)] on: On) {
    let domain = Corp::start(on, 300, 1).await;
    assert_eq!(domain.run().await, DirectoryRead::Whole);
    let there = &domain.domain;
    there.remove_member(STAFF, &user(1)).unwrap();
    there.rename(&user(2), &format!("CN=Two,{PEOPLE}")).unwrap();
    there.set(&user(3), "displayName", "Three").unwrap();
    there.delete(&user(4)).unwrap();
    // Nobody's business.
    there.set(&user(5), "department", "Elsewhere").unwrap();
    let planned = domain.plan().await;
    assert_eq!(planned.summary.directory_read, changes(3, 1));
    assert_eq!(planned.summary.accounts, 299);
    let again = domain.plan_with(Wish::Everything).await;
    assert_eq!(again.plan_digest, planned.plan_digest);
    assert_eq!(again.summary.plan, planned.summary.plan);
    let done = domain.apply(&again).await;
    assert_eq!(done.state, RunState::Done, "{:?}", done.error);
    assert_eq!(there.values(&user(1), "memberOf"), [STAFF]);
    assert_eq!(there.values(&user(3), "displayName"), ["Dmitri Diaz"]);

    // Newcomers are made by a run that reads only changes.
    domain.hire(7);
    assert!(matches!(domain.run().await, DirectoryRead::Changes { .. }));
    assert_eq!(domain.run().await, changes(7, 0));
    assert_eq!(domain.run().await, changes(0, 0));
}

#[rstest]
#[tokio::test]
async fn everything_is_read_when_it_is_due_or_nothing_else_would_do(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let mut domain = Corp::start(on, 40, 1).await;
    assert_eq!(domain.run().await, DirectoryRead::Whole);
    domain.pass(SignedDuration::from_hours(23));
    assert_eq!(domain.run().await, changes(0, 0));
    domain.pass(SignedDuration::from_hours(1));
    assert_eq!(domain.run().await, whole("due every 1d"));
    domain.pass(SignedDuration::from_hours(2));
    assert_eq!(domain.run().await, changes(0, 0));
    domain.edit(
        "  displayName: name\n",
        "  displayName: name\n  description: title\n",
    );
    assert_eq!(
        domain.run().await,
        whole("the documents ask for something else than before")
    );
    assert_eq!(domain.run().await, changes(40, 0));
    domain.edit(
        "type: active_directory\n",
        "type: active_directory\nfull_read_every: 1h\n",
    );
    domain.pass(SignedDuration::from_hours(1));
    assert_eq!(domain.run().await, whole("due every 1h"));

    // Something that cannot be followed.
    domain.domain.add_unit(&format!("OU=Old,{PEOPLE}")).unwrap();
    assert_eq!(domain.run().await, changes(0, 0));
    domain
        .domain
        .rename(&format!("OU=Old,{PEOPLE}"), &format!("OU=New,{PEOPLE}"))
        .unwrap();
    let why = format!("`OU=New,{PEOPLE}` may have been renamed or moved, and with it everything in it");
    assert_eq!(domain.run().await, whole(&why));
    assert_eq!(domain.run().await, changes(0, 0));
}

#[tokio::test]
async fn a_run_goes_on_with_another_controller_when_one_is_killed_in_the_middle() {
    let domain = Corp::start(On::Sqlite, 100, 2).await;
    assert_eq!(domain.run().await, DirectoryRead::Whole);
    assert_eq!(domain.controllers[1].sign_ins(), 0);
    domain.hire(150);
    let planned = domain.plan().await;
    assert_eq!(planned.summary.plan.counts.creates, 150);
    // The last write before the end is carried out and not answered.
    domain.controllers[0].faults(ControllerFaults {
        gone_after_writes: Some(60),
        ..ControllerFaults::default()
    });
    let before = domain.controllers[0].writes_done();
    let done = domain.apply(&planned).await;
    assert_eq!(done.state, RunState::Done, "{:?}", done.error);
    assert_eq!(domain.controllers[0].writes_done() - before, 60);
    assert!(domain.controllers[1].writes_done() >= 90);
    assert_eq!(domain.domain.users(), 250);
    assert_eq!(domain.domain.values(STAFF, "member").len(), 250);
    // Every account was made once, and is somebody's.
    let planned = domain.plan().await;
    let url = domain.controllers[1].url();
    let why = format!("{url} is another domain controller than the one read before, or was restored");
    assert_eq!(planned.summary.directory_read, whole(&why));
    assert_eq!((planned.state, planned.summary.plan.changes), (RunState::Done, 0));
    assert_eq!(domain.run().await, changes(0, 0));
}

#[tokio::test]
async fn a_controller_that_is_cut_while_it_is_read_is_replaced_by_the_other() {
    let domain = Corp::start(On::Sqlite, 1500, 2).await;
    domain.controllers[0].faults(ControllerFaults {
        cuts: vec![1200],
        ..ControllerFaults::default()
    });
    let planned = domain.plan().await;
    assert_eq!(
        (planned.summary.accounts, planned.summary.incomplete.clone()),
        (1500, None)
    );
    assert!(domain.controllers[1].entries_sent() >= 1500);
    assert_eq!(domain.writes(), 0);
}
