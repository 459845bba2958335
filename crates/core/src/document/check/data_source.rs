//! `kind: data_source`.

use jiff::tz::{TimeZone, TimeZoneName, db};

use super::super::application::Endpoint;
use super::super::data_source::{
    DataSource, EndpointUse, FileFormat, FileReading, LifecycleMapping, Sheet, SourceFile,
};
use super::super::error::{closest, one_of};
use super::super::set::Kind;
use super::super::tree::join;
use super::Checker;

impl Checker<'_> {
    pub(super) fn data_source(&mut self, source: &DataSource) {
        match (&source.application, &source.file) {
            (None, None) => {
                let hint = "say where records come from: `application: NAME`, or `file: { path: …, primary_key: … }`";
                self.error("", "neither `application` nor `file`", hint);
            }
            (Some(_), Some(_)) => self.error("file", "both `application` and `file`", "keep one of them"),
            (Some(application), None) => self.endpoints(application, &source.endpoints),
            (None, Some(file)) => {
                if file.path.is_empty() {
                    self.error("file.path", "an empty text", "write where the file is");
                }
                self.column("file.primary_key", &file.primary_key);
                self.file_format(file);
                if !source.endpoints.is_empty() {
                    self.error(
                        "endpoints",
                        "endpoints with `file`",
                        "leave them out; a file has none",
                    );
                }
            }
        }
        if source.attributes.is_empty() {
            self.error(
                "attributes",
                "no attribute",
                "map at least one, for example `employeeID: employeeIdentifier`",
            );
        }
        for (name, mapping) in &source.attributes {
            let path = join("attributes", name.as_str());
            self.attribute(&path, name);
            self.column(&path, mapping.from());
        }
        self.lifecycle(&source.lifecycle);
    }

    fn file_format(&mut self, file: &SourceFile) {
        match (&file.csv, file.format) {
            (Some(csv), FileFormat::Csv) => self.csv("file.csv", csv),
            (Some(_), _) => self.error(
                "file.csv",
                "`csv` for a file of another format",
                "leave it out, or write `format: csv`",
            ),
            (None, _) => {}
        }
        match (&file.xlsx, file.format) {
            (Some(xlsx), FileFormat::Xlsx) => {
                self.number("file.xlsx.header_row", xlsx.header_row, 1..=1_048_576);
                if matches!(xlsx.sheet, Sheet::Number(0)) {
                    self.error("file.xlsx.sheet", "the number 0", "sheets are counted from 1");
                }
            }
            (Some(_), _) => self.error(
                "file.xlsx",
                "`xlsx` for a file of another format",
                "leave it out, or write `format: xlsx`",
            ),
            (None, _) => {}
        }
        self.file_reading(file);
        match (&file.records, file.format) {
            (Some(records), FileFormat::Json) => self.records("file.records", records),
            (Some(_), _) => self.error(
                "file.records",
                "`records` for a file whose lines are the records",
                "leave it out, or write `format: json`",
            ),
            (None, _) => {}
        }
    }

    fn file_reading(&mut self, file: &SourceFile) {
        let name = file.path.rsplit(['/', '\\']).next().unwrap_or_default();
        let (folder, pattern) = file.path.split_at(file.path.len() - name.len());
        let is_pattern = |text: &str| text.contains(['*', '?']);
        if is_pattern(folder) {
            let hint = "only the last part of a path may be a pattern";
            self.error("file.path", format!("`{folder}` as a folder"), hint);
        }
        match (file.read, file.format) {
            (FileReading::NewFilesOnly, _) if !is_pattern(pattern) => {
                let hint = "write a pattern such as `inbox/*.csv`";
                self.error("file.path", format!("the one file `{}`", file.path), hint);
            }
            (FileReading::NewFilesOnly, _) => {}
            (_, _) if is_pattern(pattern) => {
                let hint = "name one file, or write `read: new_files_only`";
                self.error("file.path", "a pattern", hint);
            }
            (FileReading::AppendedRowsOnly, FileFormat::Json | FileFormat::Xlsx) => {
                let hint = "rows are added to files with `format: csv` and `format: json_lines` only";
                self.error("file.read", "`appended_rows_only` for this format", hint);
            }
            (FileReading::AppendedRowsOnly, FileFormat::Csv)
                if file
                    .csv
                    .as_ref()
                    .and_then(|csv| csv.encoding.as_deref())
                    .is_some_and(|name| name.to_ascii_lowercase().starts_with("utf-16")) =>
            {
                let hint = "save the file as UTF-8";
                self.error("file.read", "`appended_rows_only` for UTF-16", hint);
            }
            _ => {}
        }
    }

    fn endpoints(&mut self, application: &str, used: &[EndpointUse]) {
        self.reference("application", Kind::Application, application);
        if used.is_empty() {
            let hint = "write for example `endpoints: [{ endpoint: users, primary_key: id }]`";
            self.error("endpoints", "no endpoint", hint);
        }
        let documents = self.documents;
        for (at, endpoint) in used.iter().enumerate() {
            let path = format!("endpoints[{at}]");
            self.column(&join(&path, "primary_key"), &endpoint.primary_key);
            let path = join(&path, "endpoint");
            let name = &endpoint.endpoint;
            if used.iter().take(at).any(|other| other.endpoint == *name) {
                self.error(
                    &path,
                    format!("`{name}` for the second time"),
                    "an endpoint is fetched once; remove it",
                );
            }
            let Some(known) = documents.application(application) else {
                continue;
            };
            let is_incremental = |known: &Endpoint| known.name == *name && known.incremental.is_some();
            if used.len() > 1 && known.endpoints.iter().any(is_incremental) {
                let found = format!("`{name}`, which is incremental, among several endpoints");
                let hint = "all of it is fetched each time, since records of several endpoints are joined";
                self.warning(&path, found, hint);
            }
            if !known.endpoints.iter().any(|endpoint| endpoint.name == *name) {
                let hint = one_of(
                    name,
                    known.endpoints.iter().map(|endpoint| endpoint.name.as_str()),
                );
                let found = format!("`{name}`, which is not an endpoint of application `{application}`");
                self.error(&path, found, hint);
            }
        }
    }

    fn lifecycle(&mut self, lifecycle: &LifecycleMapping) {
        if let Some(active) = &lifecycle.active {
            self.condition("lifecycle.active", active);
        }
        if let Some(starts) = &lifecycle.starts {
            self.column("lifecycle.starts", starts);
        }
        if let Some(ends) = &lifecycle.ends {
            self.column("lifecycle.ends", ends);
        }
        if let Some(zone) = &lifecycle.time_zone {
            // A column is called like a zone by nobody; whatever has a slash and no braces was meant as a zone.
            if zone.contains('/') && !zone.contains("{{") {
                self.time_zone("lifecycle.time_zone", zone);
            } else if TimeZone::get(zone).is_err() {
                self.column("lifecycle.time_zone", zone);
            }
        }
    }

    /// The name of a time zone.
    pub(super) fn time_zone(&mut self, path: &str, name: &str) {
        if TimeZone::get(name).is_ok() {
            return;
        }
        let zones: Vec<_> = db().available().collect();
        let hint = match closest(name, zones.iter().map(TimeZoneName::as_str)) {
            Some(likely) => format!("did you mean `{likely}`?"),
            None => "write a name such as `Europe/Berlin`".to_owned(),
        };
        self.error(path, format!("`{name}`, which is not a time zone"), hint);
    }
}
