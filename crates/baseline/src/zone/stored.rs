//! Counts as they were stored by an earlier version.

/// What was stored before there was a further series or level has none of it.
pub(super) fn padded<'de, D, T, const N: usize>(deserializer: D) -> Result<[T; N], D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de> + Default + Copy,
{
    let stored: Vec<T> = serde::Deserialize::deserialize(deserializer)?;
    let mut padded = [T::default(); N];
    for (place, value) in padded.iter_mut().zip(stored) {
        *place = value;
    }
    Ok(padded)
}
