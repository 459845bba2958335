//! `scope` of a directory, whose fields differ with its kind.

use super::super::directory::{Directory, DirectoryKind};
use super::super::directory_scope::DirectoryScope;
use super::Checker;
use super::filter;

impl Checker<'_> {
    pub(super) fn directory_scope(&mut self, directory: &Directory) {
        let Some(scope) = &directory.scope else { return };
        if directory.kind == DirectoryKind::Local {
            let hint =
                "it is not used: a local directory has no accounts but those that Tenure made; leave it out";
            return self.warning("scope", "`scope` with `type: local`", hint);
        }
        self.scope_of_another_kind(directory.kind, scope);
        for (field, names) in [
            ("exclude_containers", &scope.exclude_containers),
            ("exclude_groups", &scope.exclude_groups),
        ] {
            for (at, name) in names.iter().enumerate() {
                self.dn(&format!("scope.{field}[{at}]"), name);
            }
        }
        for (at, text) in scope.exclude.iter().enumerate() {
            if let Err(found) = filter::check(text) {
                let hint = "write a filter of RFC 4515, for example `(employeeType=service)`";
                self.error(&format!("scope.exclude[{at}]"), found, hint);
            }
        }
        if scope.user_types.as_ref().is_some_and(Vec::is_empty) {
            let hint = "write `[member]`, `[guest]` or both, or leave it out for members";
            self.error("scope.user_types", "an empty list", hint);
        }
        for (at, user) in scope.exclude_users.iter().enumerate() {
            if !user.contains('@') && user.len() != 36 {
                let hint = "write a user principal name such as `rescue@contoso.com`, or an object's id";
                let path = format!("scope.exclude_users[{at}]");
                self.error(&path, format!("`{user}`, which names no user"), hint);
            }
        }
    }

    /// What another kind of directory reads would protect nobody here, so that it is an error.
    fn scope_of_another_kind(&mut self, kind: DirectoryKind, scope: &DirectoryScope) {
        use DirectoryKind::{ActiveDirectory, Ldap, Microsoft365};
        let said = [
            (
                "exclude_containers",
                !scope.exclude_containers.is_empty(),
                &[ActiveDirectory, Ldap][..],
            ),
            ("exclude", !scope.exclude.is_empty(), &[ActiveDirectory, Ldap]),
            ("privileged", scope.privileged.is_some(), &[ActiveDirectory]),
            ("user_types", scope.user_types.is_some(), &[Microsoft365]),
            ("exclude_users", !scope.exclude_users.is_empty(), &[Microsoft365]),
            ("synced", scope.synced.is_some(), &[Microsoft365]),
        ];
        for (field, is_said, kinds) in said {
            if !is_said || kinds.contains(&kind) {
                continue;
            }
            let of: Vec<String> = kinds
                .iter()
                .map(|kind| format!("`type: {}`", kind.name()))
                .collect();
            self.error(
                &format!("scope.{field}"),
                format!(
                    "`{field}` with `type: {}`, where it would protect nobody",
                    kind.name()
                ),
                format!("it is for {} only; leave it out", of.join(" and ")),
            );
        }
    }
}
