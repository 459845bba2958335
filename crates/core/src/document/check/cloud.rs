//! Steps that only a cloud directory can carry out.

use super::super::automation::Step;
use super::super::tree::join;
use super::Checker;
use super::steps::{each, is_all};
use super::texts::Secrets;

impl Checker<'_> {
    pub(super) fn cloud_step(&mut self, path: &str, step: &Step) {
        for (path, text) in cloud_formats(path, step) {
            if text.trim().is_empty() {
                self.error(
                    &path,
                    "an empty text",
                    "write what is meant, or leave the step out",
                );
                continue;
            }
            if text == "all" && !path.ends_with("set_auto_reply") {
                let hint = "only `revoke_licences: all`, without a list, means all licences";
                self.error(&path, "`all`, which is not the name of a licence", hint);
                continue;
            }
            self.format(&path, text, Secrets::Refused);
        }
    }
}

/// The formats of such steps, with their paths.
pub(super) fn cloud_formats<'s>(path: &str, step: &'s Step) -> Vec<(String, &'s str)> {
    let mut formats = Vec::new();
    for (field, licences) in [
        ("assign_licences", &step.assign_licences),
        ("revoke_licences", &step.revoke_licences),
    ] {
        let Some(licences) = licences else { continue };
        if field == "revoke_licences" && is_all(licences) {
            continue;
        }
        formats.extend(each(&join(path, field), licences).map(|(path, text)| (path, text.as_str())));
    }
    if let Some((internal, external)) = step.set_auto_reply.as_ref().and_then(|reply| reply.texts()) {
        let path = join(path, "set_auto_reply");
        formats.push((path.clone(), internal));
        formats.extend(external.map(|external| (join(&path, "external"), external)));
    }
    formats
}
