//! A fixture from somebody who was fetched: the record as it is remembered, and what comes of it now.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tenure_core::compile::compile_source;
use tenure_core::document::{Documents, Fixture, Kind, OneOrMany};
use tenure_core::fixture::{FILE, make_fixture};
use tenure_core::profile::PersonKey;

use crate::engine::Engine;
use crate::error::EngineError;

impl Engine {
    /// A fixture of the person with this key, from the mapped columns as they were last fetched, with what the mapping
    /// makes of them now as its expectation. Nothing is fetched or kept.
    pub async fn fixture(
        &self,
        documents: &Documents,
        source: &str,
        key: &PersonKey,
    ) -> Result<Fixture, EngineError> {
        let document = documents
            .data_source(source)
            .ok_or_else(|| EngineError::no_document(documents, Kind::DataSource, source))?;
        let reading = compile_source(documents, source)?;
        let record = self
            .store
            .record(source, key)
            .await?
            .ok_or_else(|| EngineError::NoRecord {
                source_name: source.to_owned(),
                key: key.clone(),
            })?;
        let columns: Map<String, Value> = serde_json::from_str(&record.columns)
            .map_err(|error| EngineError::Broken(format!("a remembered record cannot be read: {error}")))?;
        let mut records = BTreeMap::new();
        for (place, endpoint) in reading.endpoints.iter().enumerate() {
            let name = if document.file.is_some() {
                FILE
            } else {
                &endpoint.name
            };
            // What several endpoints gave is remembered as one: the first stands for it, the others for their key.
            let own = if place == 0 {
                columns.clone()
            } else {
                let names: Vec<&str> = endpoint.key.columns().map(|(name, _)| name).collect();
                let key = columns.iter().filter(|(name, _)| names.contains(&name.as_str()));
                key.map(|(name, value)| (name.clone(), value.clone())).collect()
            };
            records.insert(name.to_owned(), OneOrMany::One(own));
        }
        let name = format!("{source}-{key}");
        Ok(make_fixture(documents, &name, source, records, self.clock.now())?)
    }
}
