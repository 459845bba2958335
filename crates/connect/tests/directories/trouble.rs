//! Controllers in trouble: busy, unavailable, cut off in the middle of an answer, gone, or lying.

use tenure_core::outcome::Outcome;
use tenure_core::seams::Directory;
use tenure_sim::active_directory::ControllerFaults;

use crate::accounts::*;
use crate::simulated::{BASE, GOOD, PEOPLE, directory, directory_with, domain, settings, user};

#[tokio::test]
async fn a_busy_or_unavailable_controller_is_asked_again() {
    let (domain, _folder) = domain(|_| ());
    let controller = domain.controller().await.unwrap();
    let directory = directory(&[&controller]);
    let ada = done(&directory, user("ada", GOOD)).await;
    let faults = |busy, unavailable| ControllerFaults {
        busy,
        unavailable,
        ..ControllerFaults::default()
    };
    for trouble in [faults(1, 0), faults(0, 1)] {
        controller.faults(trouble.clone());
        let write = on(&ada, change("title", &[], &["Countess"]));
        let applied = apply_one(&directory, write.clone()).await;
        assert!(matches!(applied.outcome, Outcome::Failed(_)), "{applied:?}");
        assert_eq!(
            apply_one(&directory, again(&write)).await.outcome,
            Outcome::Verified
        );
        done(&directory, on(&ada, change("title", &["Countess"], &[]))).await;
        // Reading is tried again at once.
        controller.faults(trouble);
        assert_eq!(read(&directory, &["mail"]).await.len(), 1);
    }
}

#[tokio::test]
async fn a_reading_that_is_cut_starts_over_and_is_never_taken_for_whole() {
    let (domain, _folder) = domain(|_| ());
    domain.populate(PEOPLE, 2500);
    let controller = domain.controller().await.unwrap();
    let directory = directory(&[&controller]);
    let cuts = |cuts: &[u64]| ControllerFaults {
        cuts: cuts.to_vec(),
        ..ControllerFaults::default()
    };
    controller.faults(cuts(&[1700]));
    assert_eq!(read(&directory, &["mail"]).await.len(), 2500);
    // Twice is too often for one server.
    controller.faults(cuts(&[1700, 2100]));
    let mut accounts = Vec::new();
    let error = directory
        .read(&dictionary(&["mail"]), &mut accounts)
        .await
        .unwrap_err();
    assert!(error.said.contains("was lost"), "{error}");
    assert!(accounts.len() < 2500);
}

#[tokio::test]
async fn what_is_acknowledged_and_not_done_has_failed() {
    let (domain, _folder) = domain(|_| ());
    let controller = domain.controller().await.unwrap();
    let directory = directory(&[&controller]);
    let ada = done(&directory, user("ada", GOOD)).await;
    let write = on(&ada, change("title", &[], &["Countess"]));
    controller.faults(ControllerFaults {
        lost_writes: 1,
        ..ControllerFaults::default()
    });
    let applied = apply_one(&directory, write.clone()).await;
    let Outcome::Failed(refusal) = &applied.outcome else {
        panic!("{applied:?}")
    };
    assert!(
        refusal.message.contains("acknowledged but not carried out"),
        "{refusal}"
    );
    assert!(domain.values(ada.dn.as_str(), "title").is_empty());
    assert_eq!(
        apply_one(&directory, again(&write)).await.outcome,
        Outcome::Verified
    );
}

#[tokio::test]
async fn another_controller_takes_over_when_one_is_gone_in_the_middle_of_a_batch() {
    let (domain, _folder) = domain(|_| ());
    let (first, second) = (
        domain.controller().await.unwrap(),
        domain.controller().await.unwrap(),
    );
    let directory = directory(&[&first, &second]);
    first.faults(ControllerFaults {
        gone_after_writes: Some(20),
        ..ControllerFaults::default()
    });
    let writes: Vec<_> = (0..50).map(|at| user(&format!("u{at}"), GOOD)).collect();
    let applied = directory.apply(writes.clone()).await;
    let failed: Vec<usize> = (0..50)
        .filter(|at| matches!(applied[*at].outcome, Outcome::Failed(_)))
        .collect();
    assert!(!failed.is_empty());
    assert_eq!(first.writes_done(), 20);
    // Whoever tries again looks first: some of them were made, the last without an answer.
    let rest: Vec<_> = failed.iter().map(|at| again(&writes[*at])).collect();
    let applied = directory.apply(rest).await;
    assert!(
        applied.iter().all(|one| one.outcome == Outcome::Verified),
        "{applied:?}"
    );
    assert_eq!(domain.users(), 50);
    assert_eq!(read(&directory, &["mail"]).await.len(), 50);
}

#[tokio::test]
async fn reading_goes_on_with_another_controller() {
    let (domain, _folder) = domain(|_| ());
    domain.populate(PEOPLE, 1500);
    let (first, second) = (
        domain.controller().await.unwrap(),
        domain.controller().await.unwrap(),
    );
    let directory = directory(&[&first, &second]);
    first.faults(ControllerFaults {
        cuts: vec![1200],
        ..ControllerFaults::default()
    });
    assert_eq!(read(&directory, &["mail"]).await.len(), 1500);
    assert_eq!((first.entries_sent(), second.entries_sent()), (1199, 1500));
    first.kill();
    second.kill();
    let third = domain.controller().await.unwrap();
    let directory = directory_with(settings(&[&first, &second, &third]), BASE);
    assert_eq!(read(&directory, &["mail"]).await.len(), 1500);
}

#[tokio::test]
async fn a_controller_that_is_going_down_is_left_for_another() {
    let (domain, _folder) = domain(|_| ());
    domain.populate(PEOPLE, 20);
    let (first, second) = (
        domain.controller().await.unwrap(),
        domain.controller().await.unwrap(),
    );
    let directory = directory(&[&first, &second]);
    assert_eq!(read(&directory, &["mail"]).await.len(), 20);
    first.faults(ControllerFaults {
        unavailable: u32::MAX,
        ..ControllerFaults::default()
    });
    assert_eq!(read(&directory, &["mail"]).await.len(), 20);
    done(&directory, user("ada", GOOD)).await;
    assert_eq!((first.writes_done(), second.writes_done()), (0, 1));
}
