//! Messages about runs on the terminal.

use tenure_store::{Notice, NoticeState, Run};

use super::style::Style;

/// Messages that are listed; the others are counted.
const LISTED: usize = 25;

/// Prints each message with what became of it.
pub fn list(notices: &[Notice], style: Style) {
    // What was not sent comes first.
    let (open, over): (Vec<&Notice>, Vec<&Notice>) =
        notices.iter().partition(|notice| notice.state.is_open());
    for notice in open.iter().chain(&over).take(LISTED) {
        let about = match &notice.id.person {
            Some(person) => format!("{} about run {} and {person}", notice.id.to, notice.id.run),
            None => format!("{} about run {}", notice.id.to, notice.id.run),
        };
        println!("  {} {about}", state(notice.state, style));
        let tells = notice.state != NoticeState::Sent;
        if let Some(said) = notice.said.as_deref().filter(|_| tells) {
            println!("        {}", style.dim(said));
        }
    }
    if let Some(more) = notices.len().checked_sub(LISTED).filter(|more| *more > 0) {
        println!("  {}", style.dim(format!("… and {more} more")));
    }
}

/// Prints the messages about a run, and how those that were not sent are.
pub fn of_run(run: &Run, notices: &[Notice], style: Style) {
    if notices.is_empty() {
        return;
    }
    println!("{}:", style.bold("Told"));
    list(notices, style);
    hint(notices, Some(run), style);
}

/// Says that messages are not sent, when some are not.
pub fn open(notices: &[Notice], style: Style) {
    if notices.is_empty() {
        return;
    }
    let words = match notices.len() {
        1 => "1 message about runs was not sent:".to_owned(),
        many => format!("{many} messages about runs were not sent:"),
    };
    println!("\n{}", style.yellow(words));
    list(notices, style);
    hint(notices, None, style);
}

fn hint(notices: &[Notice], run: Option<&Run>, style: Style) {
    let of = run.map(|run| format!(" {}", run.id)).unwrap_or_default();
    let is = |state| notices.iter().any(|notice| notice.state == state);
    if is(NoticeState::Owed) || is(NoticeState::Refused) || is(NoticeState::Sending) {
        let hint = format!(
            "What is owed goes with the next run; at once, with what was refused: tenure notify send{of}"
        );
        println!("  {}", style.dim(hint));
    }
    if is(NoticeState::InDoubt) {
        let hint = format!(
            "Ask whether it came. If not: tenure notify send{of} --repeat-in-doubt; if so: tenure notify drop RUN"
        );
        println!("  {}", style.dim(hint));
    }
}

fn state(state: NoticeState, style: Style) -> String {
    let word = format!("{:<9}", state.name().replace('_', " "));
    match state {
        NoticeState::Sent => style.green(word),
        NoticeState::Owed | NoticeState::Sending | NoticeState::InDoubt => style.yellow(word),
        NoticeState::Refused => style.red(word),
        NoticeState::Dropped => style.dim(word),
    }
}
