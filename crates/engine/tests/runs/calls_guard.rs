//! The guard of calls: each webhook that is called counts, in one run and within a span of time.

use rstest::rstest;
use tenure_core::plan::HoldKind;
use tenure_engine::EngineError;
use tenure_sim::Sink;
use tenure_sim::population::{EventKind, Whom};
use tenure_store::{Run, RunState};

use crate::company::On;
use crate::webhooks::company;

const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

fn held(run: &Run) -> Vec<(HoldKind, String)> {
    assert_eq!(run.state, RunState::Held);
    run.held
        .iter()
        .map(|hold| (hold.kind, hold.text.clone()))
        .collect()
}

#[rstest]
#[tokio::test]
async fn more_calls_than_allowed_hold_the_run(#[values(On::Sqlite, On::Postgres)] on: On) {
    let sink = Sink::start().await.unwrap();
    let mut company = company(on, 10, &sink).await;
    company.edit(
        "  deletes: 5\n",
        "  deletes: 5\n  calls: [18, \"21 per 7d\", \"50%\"]\n",
    );

    // Ten people join, for each of whom two calls are made beside the account.
    let run = company.plan().await;
    let people = run.counts.creates;
    assert_eq!(run.counts.calls, 2 * people);
    assert_eq!(
        held(&run),
        [
            (
                HoldKind::Limit,
                format!(
                    "{} calls planned, 18 allowed in one run (18 of 0 people)",
                    2 * people
                )
            ),
            (
                HoldKind::Limit,
                format!(
                    "{} calls planned, 1 allowed in one run (50% of 0 people)",
                    2 * people
                )
            ),
        ]
    );
    let error = company.apply(&run).await.unwrap_err();
    assert!(matches!(error, EngineError::Held { .. }), "{error}");
    assert!(
        sink.received().is_empty(),
        "nothing is called before a human has looked"
    );
    let released = company.release(&run).await.unwrap();
    assert_eq!((released.state, released.applied), (RunState::Done, run.counts));
    assert_eq!(sink.received().len() as u64, 2 * people);

    // Within the week the rest is soon spent: a mover calls once.
    company.pass(DAY);
    for person in [100_001, 100_003] {
        let whom = Whom::Employee(format!("E-{person}"));
        company.sim.event(EventKind::Move, whom, 1).unwrap();
    }
    let run = company.plan().await;
    assert_eq!(run.counts.calls, 2);
    assert_eq!(
        held(&run),
        [(
            HoldKind::Budget,
            format!(
                "2 calls planned and {} done within 7 days, 21 allowed (21)",
                2 * people
            )
        )]
    );
    company.pass(DAY * 7);
    let run = company.run().await;
    assert_eq!((run.counts.calls, run.applied.calls), (2, 2));
}
