//! Two engines at the same directory.

use rstest::rstest;
use tenure_engine::{Clock, EngineError, Release};
use tenure_store::RunState;

use crate::company::{AUTOMATION, Company, On, applying, people, watched};
use crate::watching::Gate;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_of_two_engines_is_told_to_wait(#[values(On::Sqlite, On::Postgres)] on: On) {
    let company = Company::start(on, people(30)).await;
    let planned = company.plan().await;
    let (gate, reached, let_on) = Gate::new();
    let other = company.another_engine().await;

    let (engine, documents) = (company.engine.clone(), company.documents.clone());
    let first = tokio::spawn(async move { engine.plan(&documents, AUTOMATION, &watched(gate)).await });
    reached.await.unwrap();
    let second = other
        .plan(&company.documents, AUTOMATION, &watched(Gate::new().0))
        .await
        .unwrap_err();
    assert!(
        matches!(&second, EngineError::Busy { directory, .. } if directory == "corp"),
        "{second}"
    );
    let text = second.to_string();
    assert!(
        text.starts_with("the directory `corp` is being worked on by ")
            && text.ends_with("; wait for it to end"),
        "{text}"
    );
    let carrying_out = other
        .apply(&company.documents, planned.id, &applying(Release::Keep))
        .await;
    assert!(carrying_out.is_err());
    assert_eq!(company.listing().await, "");
    let_on.send(()).unwrap();

    let run = first.await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Planned);
    let done = other
        .at(Clock::Fixed(run.clock))
        .apply(&company.documents, run.id, &applying(Release::Keep))
        .await
        .unwrap();
    assert_eq!((done.state, done.applied.creates), (RunState::Done, 30));
    assert_eq!(company.plan().await.summary.plan.changes, 0);
}
