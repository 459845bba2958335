//! Trying an endpoint before anything of it is kept: one real call, and what its records look like.

use serde_json::Value;
use tenure_connect::source::Trial;
use tenure_core::document::{Documents, Kind};
use tenure_core::survey::{Suggestions, Survey, Surveyed};

use crate::engine::Engine;
use crate::error::EngineError;

/// What came of trying an endpoint.
#[derive(Debug)]
pub struct EndpointReport {
    /// Request, answer, and what was found in it or is wrong.
    pub trial: Trial,
    /// The columns of the records that came; none when there were no records to look at.
    pub surveyed: Option<Surveyed>,
    /// What may be made of the columns.
    pub suggestions: Suggestions,
}

impl Engine {
    /// Calls an endpoint once, as the first call of a fetch would be. One that is called for each record of another is
    /// called for `record`, or else for the first record of that one. Nothing is kept but a token that was renewed.
    ///
    /// # Errors
    /// There is no such endpoint, or its document cannot be followed. What the other side says is in the report.
    pub async fn try_endpoint(
        &self,
        documents: &Documents,
        application: &str,
        endpoint: &str,
        record: Option<&Value>,
    ) -> Result<EndpointReport, EngineError> {
        let application = documents
            .application(application)
            .ok_or_else(|| EngineError::no_document(documents, Kind::Application, application))?;
        let mut known = application.endpoints.iter();
        let endpoint = known
            .find(|one| one.name == endpoint)
            .ok_or_else(|| EngineError::NoEndpoint {
                application: application.name.clone(),
                name: endpoint.to_owned(),
                known: application.endpoints.iter().map(|one| one.name.clone()).collect(),
            })?;
        let trial = self
            .connections
            .try_endpoint(documents, application, endpoint, record, self.clock)
            .await?;
        let surveyed = trial.found.as_ref().ok().map(|found| {
            let mut survey = Survey::default();
            found.page.iter().for_each(|record| survey.record(record));
            survey.finish()
        });
        Ok(EndpointReport {
            suggestions: surveyed.as_ref().map(Surveyed::suggestions).unwrap_or_default(),
            surveyed: surveyed.filter(|surveyed| surveyed.records > 0),
            trial,
        })
    }
}
