/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a benchmark measures: times, and the one in the middle of them. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>

/* CLOCK_MONOTONIC in microseconds and parts of them. */
double now_us(void);
/* The median of n values, at least one; sorts them. */
double median(double *values, size_t n);

#endif
