//! Whatever a source does wrong, nothing is written, the run says what to do, and the next good fetch plans what it
//! would have planned without the trouble.

use std::pin::Pin;

use rstest::rstest;
use tenure_core::plan::{Change, HoldKind};
use tenure_engine::EngineError;
use tenure_sim::Faults;
use tenure_sim::jumpcloud::faults::{AnswerFault, Instead, MissingPage};
use tenure_sim::population::Whom;
use tenure_store::{Run, RunState};

use crate::company::{Company, On, people};

/// Somebody whom nothing happens to by itself.
const CANARY: &str = "E-100003";
/// What happens on the day of the trouble.
const DAY: u64 = 7;
const PEOPLE: usize = 300;

/// What goes wrong.
enum Trouble {
    Faults(Faults),
    /// The record of the canary is not there.
    NoCanary,
}

/// A company in which everybody has an account, on the morning after a day of changes.
async fn company(on: On) -> Company {
    let mut company = Company::start(on, people(PEOPLE)).await;
    company.edit("  deletes: 5", &format!("  deletes: 5\n  canaries: [{CANARY}]"));
    let first = company.run().await;
    assert_eq!(first.counts.creates, PEOPLE as u64);
    company.day(DAY);
    company
}

/// What is planned on that morning when there is no trouble.
async fn without_trouble() -> (Vec<Change>, Vec<(tenure_core::profile::PersonKey, bool)>) {
    let company = company(On::Sqlite).await;
    let run = company.plan().await;
    assert_eq!(run.state, RunState::Planned);
    let changes = company.changes(run.id).await;
    assert!(changes.len() >= 4, "{changes:?}");
    (changes, company.known().await)
}

fn bring_about(company: &Company, trouble: &Trouble) {
    match trouble {
        Trouble::Faults(faults) => company.sim.faults(faults.clone()),
        Trouble::NoCanary => {
            let whom = Whom::Employee(CANARY.to_owned());
            company.sim.population(|people| people.remove(&whom, 1)).unwrap();
        }
    }
}

fn end(company: &Company, trouble: &Trouble) {
    match trouble {
        Trouble::Faults(_) => company.sim.faults(Faults::default()),
        Trouble::NoCanary => company.sim.population(|all| {
            *all = people(PEOPLE);
            all.day(DAY);
        }),
    }
}

/// Goes through the trouble and beyond, and says what the run in the middle of it said.
fn go_through(on: On, trouble: Trouble) -> Pin<Box<dyn Future<Output = (Run, String)>>> {
    Box::pin(going_through(on, trouble))
}

async fn going_through(on: On, trouble: Trouble) -> (Run, String) {
    let (company, expected) = tokio::join!(company(on), without_trouble());
    let before = company.listing().await;
    let known_before = company.known().await;
    bring_about(&company, &trouble);

    let (run, text) = match company.try_plan().await {
        Ok(run) => {
            assert_eq!(run.state, RunState::Held, "{run:?}");
            let said = hold_texts(&run);
            let refused = company.apply(&run).await.unwrap_err();
            assert!(
                matches!(&refused, EngineError::Held { run: held, holds } if *held == run.id && *holds == run.held),
                "{refused}"
            );
            let may_be_released = run.held.iter().all(|hold| hold.kind.can_be_released());
            if !may_be_released {
                let refused = company.release(&run).await.unwrap_err();
                assert!(
                    matches!(
                        &refused,
                        EngineError::State {
                            state: RunState::Held,
                            ..
                        }
                    ),
                    "{refused}"
                );
            }
            (run, said)
        }
        Err(error) => {
            assert!(matches!(error, EngineError::Source(_)), "{error}");
            let run = company.engine.store().runs(None, 1).await.unwrap().remove(0);
            assert_eq!(run.state, RunState::Failed);
            assert_eq!(run.error.as_deref(), Some(error.to_string().as_str()));
            let refused = company.release(&run).await.unwrap_err();
            assert!(
                matches!(
                    &refused,
                    EngineError::State {
                        state: RunState::Failed,
                        ..
                    }
                ),
                "{refused}"
            );
            (run, error.to_string())
        }
    };
    assert_eq!(company.listing().await, before, "nothing may have been written");
    assert_eq!(company.engine.store().journal(run.id).await.unwrap(), []);
    let known = company.known().await;
    assert!(known.iter().all(|(_, gone)| !gone), "nobody may count as gone");
    assert!(known_before.iter().all(|before| known.contains(before)));

    end(&company, &trouble);
    let healed = company.plan().await;
    assert_eq!(healed.state, RunState::Planned, "{:?}", healed.held);
    assert_eq!(company.changes(healed.id).await, expected.0);
    assert_eq!(company.known().await, expected.1);
    company.apply(&healed).await.unwrap();
    assert_eq!(company.run().await.counts, tenure_core::plan::Counts::default());
    let text = company.plain(&text);
    (run, text)
}

fn hold_texts(run: &Run) -> String {
    let lines = run
        .held
        .iter()
        .map(|hold| format!("{:?}: {}\n  {}", hold.kind, hold.text, hold.hint));
    lines.collect::<Vec<_>>().join("\n")
}

fn kinds(run: &Run) -> Vec<HoldKind> {
    run.held.iter().map(|hold| hold.kind).collect()
}

fn answer(fault: AnswerFault) -> Trouble {
    Trouble::Faults(Faults {
        answer: Some(fault),
        ..Faults::default()
    })
}

/// The second of three pages and the end goes wrong, for ever.
fn later_answer(fault: AnswerFault) -> Trouble {
    Trouble::Faults(Faults {
        answer: Some(fault),
        after: 1,
        ..Faults::default()
    })
}

fn missing_page(page: usize, instead: Instead) -> Trouble {
    Trouble::Faults(Faults {
        missing_page: Some(MissingPage { page, instead }),
        ..Faults::default()
    })
}

fn vanished(field: &str) -> Trouble {
    Trouble::Faults(Faults {
        vanished_fields: vec![field.to_owned()],
        ..Faults::default()
    })
}

#[rstest]
#[tokio::test]
async fn an_empty_answer_is_held(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (run, text) = go_through(on, answer(AnswerFault::Empty {})).await;
    assert_eq!(kinds(&run)[0], HoldKind::Empty);
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
    Empty: the source answered with no record at all; 300 are known
      Check the endpoint's URL, filter and permissions with `tenure fetch`.
    "); }
}

#[rstest]
#[tokio::test]
async fn a_page_without_records_is_held(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (run, text) = go_through(on, missing_page(1, Instead::Nothing)).await;
    assert!(kinds(&run).contains(&HoldKind::Incomplete));
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
    Incomplete: not everything came from the source: `users` says it has 300 records, and 100 came in 2 pages
      Nothing is concluded from data that is not whole. Run again; if it stays so, look at the source.
    "); }
}

#[rstest]
#[tokio::test]
async fn a_page_that_comes_twice_fails(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (_, text) = go_through(on, missing_page(1, Instead::NextPage)).await;
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
    GET http://jumpcloud/api/systemusers?limit=100&sort=_id&skip=200: page 3 has the same records as the one before
      the application takes no notice of `skip`; check `repeat` with the vendor's documentation
    "); }
}

#[rstest]
#[tokio::test]
async fn a_last_page_that_is_left_out_is_held(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (run, text) = go_through(on, missing_page(2, Instead::NextPage)).await;
    assert_eq!(kinds(&run)[0], HoldKind::Incomplete);
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
    Incomplete: not everything came from the source: `users` says it has 300 records, and 200 came in 3 pages
      Nothing is concluded from data that is not whole. Run again; if it stays so, look at the source.
    "); }
}

#[rstest]
#[tokio::test]
async fn a_missing_canary_is_held(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (run, text) = go_through(on, Trouble::NoCanary).await;
    assert_eq!(kinds(&run), [HoldKind::Canary]);
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
    Canary: `E-100003`, who must be in every fetch, is not in this one
      Look for this person in the source. If they really left, name another in `guards.canaries`.
    "); }
}

#[rstest]
#[tokio::test]
async fn a_revoked_key_fails(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (_, text) = go_through(on, answer(AnswerFault::Unauthorized {})).await;
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r#"
    GET http://jumpcloud/api/systemusers?limit=100&sort=_id&skip=0: 401 Unauthorized: {"message":"Unauthorized"}
      the credentials were not accepted; set them again with `tenure secret set jumpcloud`
    "#); }
}

#[rstest]
#[tokio::test]
async fn json_that_ends_in_the_middle_fails(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (_, text) = go_through(on, later_answer(AnswerFault::TruncatedJson {})).await;
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r#"
    GET http://jumpcloud/api/systemusers?limit=100&sort=_id&skip=100: the answer cannot be read, it is not JSON: EOF while parsing an object at line 1 column 88166 (it begins: {"totalCount":…,"results":[{"_id":"…","username":"…","email":"…","alternateEmail":"…","firstname":"…","…")
      it was cut off or damaged on its way; try again, and when it stays so ask the vendor
    "#); }
}

#[rstest]
#[tokio::test]
async fn a_connection_that_breaks_fails(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (_, text) = go_through(on, later_answer(AnswerFault::CutConnection {})).await;
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
    GET http://jumpcloud/api/systemusers?limit=100&sort=_id&skip=100: the answer was cut off: end of file before message length reached (tried 2 times)
      try again; when it stays so, ask for fewer records a page
    "); }
}

#[rstest]
#[tokio::test]
async fn a_server_error_that_does_not_pass_fails(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (_, text) = go_through(on, later_answer(AnswerFault::ServerError {})).await;
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r#"
    GET http://jumpcloud/api/systemusers?limit=100&sort=_id&skip=100: 500 Internal Server Error: {"message":"Internal Server Error"} (tried 2 times)
      the application is in trouble itself; try again later
    "#); }
}

#[rstest]
#[tokio::test]
async fn a_column_that_vanishes_is_held(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (run, text) = go_through(on, vanished("department")).await;
    assert_eq!(kinds(&run), [HoldKind::Column]);
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
    Column: `department` had a value for 300 people and has one for 0 now
      The source may have renamed or withheld a column. Compare `tenure fetch` with the mapping.
    "); }
}

#[rstest]
#[tokio::test]
async fn a_key_that_vanishes_is_held(#[values(On::Sqlite, On::Postgres)] on: On) {
    let (run, text) = go_through(on, vanished("employeeIdentifier")).await;
    assert_eq!(kinds(&run), [HoldKind::Incomplete]);
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
    Incomplete: 300 of 300 records have no usable key; compare `primary_key` with what `tenure fetch` shows
      Nothing is concluded from data that is not whole. Run again; if it stays so, look at the source.
    "); }
}

#[rstest]
#[tokio::test]
async fn most_people_gone_is_held(#[values(On::Sqlite, On::Postgres)] on: On) {
    let faults = Faults {
        gone_per_mille: 600,
        ..Faults::default()
    };
    let (run, text) = go_through(on, Trouble::Faults(faults)).await;
    assert_eq!(kinds(&run)[0], HoldKind::Shrink);
    insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
    Shrink: 114 records came, 186 fewer than the 300 known; allowed are 60 fewer (20%)
      If so many really left, raise `guards.shrink` for one run; otherwise look at the source.
    Canary: `E-100003`, who must be in every fetch, is not in this one
      Look for this person in the source. If they really left, name another in `guards.canaries`.
    Limit: 186 disables planned, 15 allowed in one run (5% of 300 people)
      Look at the plan. If it is right, release this run or raise the limit under `guards`.
    Budget: 186 disables planned and 0 done within 7 days, 30 allowed (10%)
      Look at what earlier runs did with `tenure runs`. If it is all right, release this run or raise the budget.
    "); }
}

#[rstest]
#[tokio::test]
async fn a_total_that_drifts_is_held(
    #[values(On::Sqlite, On::Postgres)] on: On,
    #[values(1, -1)] total_drift: i64,
) {
    let faults = Faults {
        total_drift,
        ..Faults::default()
    };
    let (run, text) = go_through(on, Trouble::Faults(faults)).await;
    assert_eq!(kinds(&run)[0], HoldKind::Incomplete);
    if total_drift > 0 {
        insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
        Incomplete: not everything came from the source: `users` says it has 304 records, and 300 came in 4 pages; the number was 301 at first and 304 at the end
          Nothing is concluded from data that is not whole. Run again; if it stays so, look at the source.
        "); }
    } else {
        insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
        Incomplete: not everything came from the source: `users` says it has 296 records, and 300 came in 4 pages; the number was 299 at first and 296 at the end
          Nothing is concluded from data that is not whole. Run again; if it stays so, look at the source.
        "); }
    }
}
