//! Fetching a data source by itself, to see what comes and what the mapping makes of it.

use std::sync::Arc;

use tenure_core::attribute::Dictionary;
use tenure_core::compile::compile_source;
use tenure_core::document::{Documents, Kind};
use tenure_core::fetching::Wish;
use tenure_core::join::{Known, Reading};
use tenure_core::plan::Finding;
use tenure_core::profile::Profile;
use tenure_core::seams::Completeness;
use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::gather::{Remember, gather};
use crate::parts::everything;
use crate::progress::Watch;

/// What a fetch brought.
#[derive(Debug)]
pub struct FetchReport {
    /// Records that came.
    pub records: u64,
    /// Whether these were all.
    pub completeness: Completeness,
    /// What the mapping makes of them.
    pub profiles: Vec<Profile>,
    /// What cannot be used, and why.
    pub findings: Vec<Finding>,
    /// The mapped attributes, each with how many people have a value.
    pub filled: Vec<ColumnReport>,
    /// The attributes' names.
    pub dictionary: Dictionary,
}

/// A mapped attribute of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnReport {
    /// Its name.
    pub attribute: String,
    /// How many people have a value.
    pub people: u64,
}

impl Engine {
    /// Fetches a data source and remembers its records. Nothing is planned or written elsewhere.
    pub async fn fetch(
        &self,
        documents: &Documents,
        name: &str,
        watch: Arc<dyn Watch>,
    ) -> Result<FetchReport, EngineError> {
        if documents.data_source(name).is_none() {
            return Err(EngineError::no_document(documents, Kind::DataSource, name));
        }
        let reading = Arc::new(compile_source(documents, name)?);
        let lease = self.claim_source(name, &reading).await?;
        let fetched = self.fetch_claimed(documents, name, reading, watch).await;
        if let Some(lease) = lease {
            lease.release().await?;
        }
        fetched
    }

    async fn fetch_claimed(
        &self,
        documents: &Documents,
        name: &str,
        reading: Arc<Reading>,
        watch: Arc<dyn Watch>,
    ) -> Result<FetchReport, EngineError> {
        let source = self.connections.source(documents, name, self.clock).await?;
        let now = self.clock.now();
        let outset = self
            .outset(documents, name, &reading, Wish::Everything, now)
            .await?;
        // Everything is mapped anew, as if nothing were known.
        let (tell, known) = oneshot::channel();
        let _ = tell.send(Arc::new(Known::default()));
        let remember = Remember {
            store: &self.store,
            source: name,
            at: now,
        };
        let course = everything(outset);
        let gathered = gather(
            source.as_ref(),
            Arc::clone(&reading),
            known,
            remember,
            &course,
            watch,
        )
        .await?;
        remember.keep(&gathered.kept).await?;
        let joined = gathered.joined;
        let filled = reading
            .mapping
            .attributes
            .iter()
            .zip(&joined.filled)
            .filter_map(|((index, _), people)| {
                Some(ColumnReport {
                    attribute: reading.dictionary.name(*index)?.to_string(),
                    people: *people,
                })
            })
            .collect();
        Ok(FetchReport {
            records: joined.records,
            completeness: gathered.completeness,
            profiles: joined.profiles.into_iter().map(|(_, profile)| profile).collect(),
            findings: joined.findings,
            filled,
            dictionary: reading.dictionary.clone(),
        })
    }
}
