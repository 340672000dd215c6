//! A bar on a terminal.

use gridtap_capture::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far reading has come, on standard error, where somebody watches.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: Option<ProgressBar>,
}

impl Bar {
    pub(crate) fn new(wanted: bool, progress: Progress) -> Self {
        if !wanted {
            return Self { bar: None };
        }
        let bar = ProgressBar::with_draw_target(progress.total_bytes, ProgressDrawTarget::stderr());
        let template = match progress.total_bytes {
            Some(_) => "reading {bar:30} {percent:>3} % of {total_bytes}, {msg}, {eta} left",
            None => "reading {spinner} {bytes}, {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╾─"));
        }
        Self { bar: Some(bar) }
    }

    pub(crate) fn show(&self, progress: impl FnOnce() -> Progress, frames: u64) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{frames} packets"));
            bar.set_position(progress().read_bytes);
        }
    }

    /// Prints something else on the terminal meanwhile.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
