//! Reads captures through the monitor's own pipeline and judges what it says.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use gridtap_baseline::Site;
use gridtap_capture::Sources;
use gridtap_model::Span;
use gridtap_sensor::{Config, Pipeline};

use crate::judge::{Judgement, Said, judge};
use crate::truth::Truth;

/// Blocks for captures of minutes, as the README sets them.
const BLOCK: Span = Span::from_secs(10);

/// Learns from a scenario's normal traffic, reads its capture, and judges what was said of either.
///
/// # Errors
/// A capture cannot be read.
pub fn evaluate(folder: &Path, truth: &Truth) -> Result<Judgement> {
    let files: Vec<PathBuf> =
        truth.learn.iter().chain([&truth.capture]).map(|name| folder.join(name)).collect();
    let mut sources = Sources::open(&files).context("the captures of a truth")?;
    let names = sources.names().map(str::to_owned).collect();
    let mut config = Config::default();
    config.baseline.block = BLOCK;
    let mut pipeline = Pipeline::new(&config, Site::default(), names);
    let mut said = Vec::new();
    let mut now = String::new();
    while let Some(frame) = sources.next()? {
        pipeline.frame(&frame);
        let anomalies = pipeline.take_anomalies();
        if !anomalies.is_empty() {
            now = frame.time.to_string();
            said.extend(anomalies.iter().map(|anomaly| told(anomaly.into(), &now)));
        }
    }
    pipeline.finish();
    said.extend(pipeline.take_anomalies().iter().map(|anomaly| told(anomaly.into(), &now)));
    Ok(judge(truth, &said))
}

/// An anomaly counts from when it was told, even where what it is about was earlier.
fn told(mut said: Said, now: &str) -> Said {
    if said.time.as_str() < now {
        now.clone_into(&mut said.time);
    }
    said
}
