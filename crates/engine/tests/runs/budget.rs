//! A source that bleeds slowly: a few leavers every day, none of which would be noticed by itself.

use jiff::SignedDuration;
use rstest::rstest;
use tenure_core::account::Access;
use tenure_core::plan::{Hold, HoldKind};
use tenure_engine::EngineError;
use tenure_sim::population::Whom;
use tenure_store::{Run, RunState};

use crate::company::{Company, On, people};

const PEOPLE: usize = 300;
/// Three in a hundred.
const LEAVERS: usize = 9;
const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn company(on: On) -> Company {
    let mut company = Company::start(on, people(PEOPLE)).await;
    company.edit(r#"disables: ["5%", "10% per 7d"]"#, r#"disables: "10% per 7d""#);
    company.run().await;
    company
}

/// These people leave.
fn leave(company: &Company, people: std::ops::Range<usize>) {
    company.sim.population(|all| {
        for person in people {
            let whom = Whom::Employee(format!("E-{}", 100_000 + person));
            all.terminate(&whom, 1).unwrap();
        }
    });
}

/// What the budget says, beside the limit of one run that the days together may go beyond as well.
fn budget(run: &Run) -> &Hold {
    run.held
        .iter()
        .find(|hold| hold.kind == HoldKind::Budget)
        .unwrap()
}

async fn disabled(company: &Company) -> usize {
    let (_, accounts) = company.accounts().await;
    accounts
        .iter()
        .filter(|account| account.access == Access::Disabled)
        .count()
}

#[rstest]
#[tokio::test]
async fn three_percent_a_day_trips_the_budget_on_the_fourth_day_and_stays_held(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let mut company = company(on).await;
    for day in 1..=10 {
        company.pass(DAY);
        leave(&company, (day - 1) * LEAVERS..day * LEAVERS);
        let run = company.plan().await;
        if day <= 3 {
            assert_eq!(run.state, RunState::Planned, "day {day}: {:?}", run.held);
            let applied = company.apply(&run).await.unwrap();
            assert_eq!(applied.applied.disables, LEAVERS as u64);
            continue;
        }
        // What was not allowed adds up, so that waiting alone does not let it through.
        assert_eq!(run.state, RunState::Held, "day {day}");
        assert_eq!(run.counts.disables, ((day - 3) * LEAVERS) as u64);
        let budget = budget(&run);
        assert!(matches!(company.apply(&run).await, Err(EngineError::Held { .. })));
        assert_eq!(disabled(&company).await, 3 * LEAVERS, "day {day}");
        if day == 4 {
            insta::allow_duplicates! { insta::assert_snapshot!(budget.text, @"9 disables planned and 27 done within 7 days, 30 allowed (10%)"); }
        }
        if day == 10 {
            insta::allow_duplicates! { insta::assert_snapshot!(budget.text, @"63 disables planned and 0 done within 7 days, 27 allowed (10%)"); }
            insta::allow_duplicates! { insta::assert_snapshot!(budget.hint, @"Look at what earlier runs did with `tenure runs`. If it is all right, release this run or raise the budget."); }
        }
    }

    // A human lets it through, which spends the budget of the week that follows.
    let run = company.plan().await;
    assert_eq!(company.release(&run).await.unwrap().state, RunState::Done);
    assert_eq!(disabled(&company).await, 10 * LEAVERS);
    leave(&company, 10 * LEAVERS..10 * LEAVERS + 1);
    company.pass(DAY * 7 - SignedDuration::from_secs(1));
    let run = company.plan().await;
    assert_eq!(run.state, RunState::Held);
    insta::allow_duplicates! { insta::assert_snapshot!(budget(&run).text, @"1 disables planned and 63 done within 7 days, 27 allowed (10%)"); }
    company.pass(SignedDuration::from_secs(1));
    assert_eq!(company.run().await.applied.disables, 1);
}

#[rstest]
#[tokio::test]
async fn a_budget_frees_by_itself_as_its_days_pass(#[values(On::Sqlite, On::Postgres)] on: On) {
    let mut company = company(on).await;
    for day in 0..3 {
        company.pass(DAY);
        leave(&company, day * LEAVERS..(day + 1) * LEAVERS);
        company.run().await;
    }
    leave(&company, 3 * LEAVERS..4 * LEAVERS);
    // Day 4 to day 7: the three days before are still within the week.
    for day in 4..=7 {
        company.pass(DAY);
        let run = company.plan().await;
        assert_eq!(run.state, RunState::Held, "day {day}");
        assert_eq!(disabled(&company).await, 3 * LEAVERS, "day {day}");
    }
    // On day 8 what was done on day 1 no longer counts.
    company.pass(DAY);
    assert_eq!(company.run().await.applied.disables, LEAVERS as u64);
    assert_eq!(disabled(&company).await, 4 * LEAVERS);
}
