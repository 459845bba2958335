//! What steps ask of the groups that an account is in.

use crate::action::Action;
use crate::dn::Dn;
use crate::expression::Format;

use super::super::change::Operation;
use super::Draft;

impl Draft<'_> {
    /// Not in these groups, or in none at all.
    pub(super) fn leave_groups(&mut self, groups: Option<&[Format]>, origin: &str) -> Result<(), String> {
        let Some(groups) = groups else {
            for group in std::mem::take(&mut self.groups) {
                self.push(Action::RemoveFromGroups { group }, origin);
            }
            return Ok(());
        };
        for group in groups {
            let group = self.dn_from(group, origin)?;
            self.leave_group(&group, origin);
        }
        Ok(())
    }

    /// Not in this group.
    pub(super) fn leave_group(&mut self, group: &Dn, origin: &str) {
        if let Some(at) = self.groups.iter().position(|known| known == group) {
            let group = self.groups.remove(at);
            self.push(Action::RemoveFromGroups { group }, origin);
        }
    }

    /// In the groups again that were left when the person left.
    pub(super) fn rejoin_groups(&mut self, origin: &str) {
        for group in self.occasion.left_groups() {
            if !self.groups.contains(group) {
                self.groups.push(group.clone());
                let because = format!("{origin}, remembered");
                let group = group.clone();
                self.operations
                    .push(Operation::write(Action::AddToGroups { group }, because));
            }
        }
    }

    /// Of a family of groups these and no others.
    pub(super) fn across(&mut self, to: &[Format], among: &[Format], origin: &str) -> Result<(), String> {
        let wanted: Vec<Dn> = to
            .iter()
            .map(|group| self.dn_from(group, origin))
            .collect::<Result<_, _>>()?;
        let among: Vec<Dn> = among
            .iter()
            .map(|part| self.dn_from(part, origin))
            .collect::<Result<_, _>>()?;
        for group in wanted
            .iter()
            .filter(|group| !self.groups.contains(group))
            .cloned()
            .collect::<Vec<_>>()
        {
            self.groups.push(group.clone());
            self.push(Action::AddToGroups { group }, origin);
        }
        let goes = |group: &Dn| !wanted.contains(group) && among.iter().any(|part| group.is_within(part));
        let (gone, kept) = std::mem::take(&mut self.groups).into_iter().partition(goes);
        self.groups = kept;
        for group in gone {
            self.push(Action::RemoveFromGroups { group }, origin);
        }
        Ok(())
    }
}
