//! Progress bars on standard error, where somebody may be watching.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tenure_engine::{Progress, Watch};

/// Shows how far a run is. Without a terminal nothing is shown.
pub struct Bars {
    group: MultiProgress,
    bars: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    fetched: Option<ProgressBar>,
    read: Option<ProgressBar>,
    planning: Option<ProgressBar>,
    applied: Option<ProgressBar>,
}

impl Bars {
    /// Bars that appear when there is something to show.
    pub fn new() -> Self {
        let target = if std::io::stderr().is_terminal() {
            indicatif::ProgressDrawTarget::stderr_with_hz(10)
        } else {
            indicatif::ProgressDrawTarget::hidden()
        };
        Self {
            group: MultiProgress::with_draw_target(target),
            bars: Mutex::new(Shown::default()),
        }
    }

    fn counter(&self, what: &'static str) -> ProgressBar {
        let bar = self.group.add(ProgressBar::new_spinner());
        bar.set_style(style("{spinner} {msg} {human_pos}"));
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // A display that cannot be cleared is no reason to fail.
        let _ = self.group.clear();
    }
}

impl Watch for Bars {
    fn progress(&self, progress: Progress) {
        let mut bars = self
            .bars
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match progress {
            Progress::Fetched { records } => {
                bars.fetched
                    .get_or_insert_with(|| self.counter("records fetched"))
                    .set_position(records);
            }
            Progress::Read { accounts } => {
                bars.read
                    .get_or_insert_with(|| self.counter("accounts read"))
                    .set_position(accounts);
            }
            Progress::Planning => {
                bars.planning.get_or_insert_with(|| {
                    let bar = self.group.add(ProgressBar::new_spinner());
                    bar.set_style(style("{spinner} planning"));
                    bar.enable_steady_tick(Duration::from_millis(120));
                    bar
                });
            }
            Progress::Applied { done, of } => {
                let bar = bars.applied.get_or_insert_with(|| {
                    let bar = self.group.add(ProgressBar::new(of));
                    bar.set_style(style(
                        "{bar:40} {human_pos} of {human_len} operations, {eta} left",
                    ));
                    bar
                });
                bar.set_position(done);
            }
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
