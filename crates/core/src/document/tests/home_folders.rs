//! Shares, and the steps about home folders.

use super::checked;

#[test]
fn shares_and_steps() {
    let found = checked(
        r#"kind: share
name: one
url: //files/homes
root: ../homes
user: CORP\tenure
password: secret
timeout: 2h
---
kind: share
name: two
url: smb://files.example.com/homes
user: tenure
password: "{{ secret('two') }}"
---
kind: share
name: three
url: smb://files.example.com/others
user: tenure
password: "{{ secret('two') }}"
---
kind: policy
name: p
steps:
  - create_home_folder: { share: two, path: "/{{ sAMAccountName }}", user: ada }
  - create_home_folder: { share: two, path: "{{ sAMAccountName", user: S-1-5-32-544, rights: modify }
  - create_home_folder: { share: four, path: "x/../{{ uid }}", user: S-1-5-32-544 }
  - move_home_folder: { share: two, path: "{{ uid }}", to: "{{ uid }}" }
  - move_home_folder: { share: two, path: "{{ uid }}", to: "con/{{ uid }}", to_share: three }
  - delete_home_folder: { share: two, path: "{{ secret('x') }}", archive: "a:b" }
---
kind: policy
name: leave
steps:
  - delete_home_folder: { share: two, path: "{{ uid }}", archive: left, keep: 30d }
  - delete: {}
    after: 30d
---
kind: directory
name: corp
type: local
base: DC=test
---
kind: automation
name: staff
source: people
directory: corp
correlate: [mail]
rules:
  joiner: [{ create_home_folder: { share: two, path: "{{ uid }}" } }]
  mover: [{ delete_home_folder: { share: two, path: "{{ uid }}", archive: left, keep: 1d } }]
  leaver: { policy: leave }
"#,
    );
    let expected = [
        "share `one`, url: found `//files/homes`, which is no `smb://server/share`",
        "share `one`, root: found `../homes`: `..` leads elsewhere",
        "share `one`, password: found a password or key in clear",
        "share `one`, timeout: found 7200 seconds",
        "policy `p`, steps[0].create_home_folder.path: found `/{{ sAMAccountName }}`: `` is no name",
        "policy `p`, steps[0].create_home_folder.user: found `ada` is no security identifier",
        "policy `p`, steps[1].create_home_folder.path: found `{{ sAMAccountName`, which is wrong",
        "policy `p`, steps[1].create_home_folder.user: found `S-1-5-32-544`, the same for everybody",
        "policy `p`, steps[2].create_home_folder.share: found share `four`, of which there is no usable document",
        "policy `p`, steps[2].create_home_folder.path: found `x/../{{ uid }}`: `..` leads elsewhere",
        "policy `p`, steps[3].move_home_folder.to: found the place where the folder is",
        "policy `p`, steps[4].move_home_folder.to: found `con/{{ uid }}`: `con` is the name of a device",
        "policy `p`, steps[4].move_home_folder.to_share: found `three`, which is another share than `two`",
        "policy `p`, steps[5].delete_home_folder.path: found a secret, which would become visible here",
        "policy `p`, steps[5].delete_home_folder.archive: found `a:b`: `a:b` has a `:`",
        "steps[0].delete_home_folder.keep: found `30d`, and the account is deleted before that is over",
        "rules.joiner[0].create_home_folder: found a home folder before there is an account",
        "rules.joiner[0].create_home_folder: found no `user`, and directory `corp` of `type: local`",
        "rules.mover[0].delete_home_folder.keep: found a folder that is kept in a mover rule",
    ];
    for text in expected {
        assert!(found.contains(text), "{text}\nis not in\n{found}");
    }
}
