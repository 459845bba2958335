//! `tenure plan`: makes a plan, stores it and shows it.

use std::sync::Arc;

use tenure_core::document::Documents;
use tenure_core::fetching::Wish;
use tenure_engine::{Engine, PlanOptions};
use tenure_store::Run;

use crate::arguments::Show;
use crate::exit::Exit;
use crate::home::Home;
use crate::output::progress::Bars;

use super::runs::show_run;

pub async fn plan(home: &Home, automation: &str, fetch: Wish, show: Show) -> super::Result {
    let documents = home.documents()?;
    let engine = home.engine().await?;
    let run = make(engine, &documents, automation, fetch).await?;
    show_run(engine, &run, show).await?;
    Ok(Exit::of(&run))
}

/// Makes a plan with progress bars.
pub async fn make(
    engine: &Engine,
    documents: &Documents,
    automation: &str,
    fetch: Wish,
) -> super::Result<Run> {
    let options = PlanOptions {
        started_by: super::user(),
        fetch,
        watch: Arc::new(Bars::new()),
    };
    Ok(engine.plan(documents, automation, &options).await?)
}
