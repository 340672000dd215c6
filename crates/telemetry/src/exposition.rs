//! The only place that speaks to the `prometheus` crate: typed state in, text out.

mod families;

use std::sync::{Arc, Mutex};

use prometheus::core::{Collector, Desc};
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric as Sample, MetricFamily, MetricType,
};
use prometheus::{Registry, TextEncoder};

use crate::metrics::{State, lock};
use crate::spread::Spread;
use crate::table::{Kind, Metric, TABLE};

/// The registries that a scrape reads.
#[derive(Debug)]
pub(crate) struct Exposition {
    registry: Registry,
    #[cfg(test)]
    own: Own,
}

impl Exposition {
    pub(crate) fn of(state: Arc<Mutex<State>>) -> Self {
        let registry = Registry::new();
        let own = Own { descriptions: descriptions(), state };
        let parts: [Box<dyn Collector>; 2] =
            [Box::new(own.clone()), Box::new(ProcessCollector::for_self())];
        for part in parts {
            // Fails where a name is there twice, which a test holds against the table.
            let registered = registry.register(part);
            debug_assert!(registered.is_ok(), "{registered:?}");
        }
        Self {
            registry,
            #[cfg(test)]
            own,
        }
    }

    pub(crate) fn text(&self) -> String {
        written(&self.registry.gather())
    }

    #[cfg(test)]
    pub(crate) fn own_text(&self) -> String {
        written(&self.own.collect())
    }
}

fn written(families: &[MetricFamily]) -> String {
    // A family without a sample fails the whole text: none is given.
    TextEncoder::new().encode_to_string(families).unwrap_or_default()
}

/// The state as the crate wants to read it.
#[derive(Debug, Clone)]
struct Own {
    descriptions: Vec<Desc>,
    state: Arc<Mutex<State>>,
}

impl Collector for Own {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let families = families::of(&lock(&self.state));
        families.into_iter().filter_map(Family::finish).collect()
    }
}

fn descriptions() -> Vec<Desc> {
    let described = TABLE.iter().map(|metric| {
        let labels = metric.labels.iter().map(|label| (*label).to_owned()).collect();
        Desc::new(metric.name.to_owned(), metric.help.to_owned(), labels, Default::default())
    });
    described.filter_map(Result::ok).collect()
}

/// The series of one metric.
#[derive(Debug)]
pub(crate) struct Family {
    metric: &'static Metric,
    samples: Vec<Sample>,
}

impl Family {
    pub(crate) const fn of(metric: &'static Metric) -> Self {
        Self { metric, samples: Vec::new() }
    }

    /// One series; the labels in the order of the table.
    pub(crate) fn count(&mut self, labels: &[&str], value: u64) {
        debug_assert_eq!(self.metric.kind, Kind::Counter);
        let mut counter = Counter::default();
        counter.set_value(real(value));
        let mut sample = self.sample(labels);
        sample.set_counter(counter);
        self.samples.push(sample);
    }

    pub(crate) fn gauge(&mut self, labels: &[&str], value: f64) {
        debug_assert_eq!(self.metric.kind, Kind::Gauge);
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        let mut sample = self.sample(labels);
        sample.set_gauge(gauge);
        self.samples.push(sample);
    }

    pub(crate) fn spread(&mut self, labels: &[&str], spread: &Spread) {
        debug_assert_eq!(self.metric.kind, Kind::Histogram);
        let buckets = spread.cumulative().map(|(bound_ns, count)| {
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(seconds(bound_ns));
            bucket.set_cumulative_count(count);
            bucket
        });
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(spread.count());
        histogram.set_sample_sum(seconds(spread.sum_ns()));
        let mut sample = self.sample(labels);
        sample.set_histogram(histogram);
        self.samples.push(sample);
    }

    fn sample(&self, labels: &[&str]) -> Sample {
        debug_assert_eq!(self.metric.labels.len(), labels.len(), "{}", self.metric.name);
        let pairs = self.metric.labels.iter().zip(labels).map(|(name, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        Sample::from_label(pairs.collect())
    }

    fn finish(self) -> Option<MetricFamily> {
        if self.samples.is_empty() {
            return None;
        }
        let mut family = MetricFamily::default();
        family.set_name(self.metric.name.to_owned());
        family.set_help(self.metric.help.to_owned());
        family.set_field_type(match self.metric.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
            Kind::Histogram => MetricType::HISTOGRAM,
        });
        family.set_metric(self.samples);
        Some(family)
    }
}

#[expect(clippy::cast_precision_loss, reason = "the exposition has no integers")]
pub(crate) const fn real(value: u64) -> f64 {
    value as f64
}

pub(crate) const fn seconds(ns: u64) -> f64 {
    real(ns) / 1e9
}

#[cfg(test)]
mod tests;
