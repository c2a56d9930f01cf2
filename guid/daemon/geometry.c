/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on rectangles (geometry.h). Pure. The boxes come from a hostile qube, clamped. */
#include "guid/daemon/geometry.h"

#include <stdint.h>
#include <stdlib.h>

bool box_equal(const struct gui_box *a, const struct gui_box *b)
{
	return a->x == b->x && a->y == b->y && a->width == b->width && a->height == b->height;
}

bool box_intersect(const struct gui_box *a, const struct gui_box *b, struct gui_box *ret)
{
	int x1 = a->x > b->x ? a->x : b->x, y1 = a->y > b->y ? a->y : b->y;
	int ax = a->x + a->width, bx = b->x + b->width;
	int ay = a->y + a->height, by = b->y + b->height;
	int x2 = ax < bx ? ax : bx, y2 = ay < by ? ay : by;

	if (x1 >= x2 || y1 >= y2)
		return false;
	*ret = (struct gui_box){x1, y1, x2 - x1, y2 - y1};
	return true;
}

struct gui_box box_union(const struct gui_box *a, const struct gui_box *b)
{
	int x1 = a->x < b->x ? a->x : b->x, y1 = a->y < b->y ? a->y : b->y;
	int ax = a->x + a->width, bx = b->x + b->width;
	int ay = a->y + a->height, by = b->y + b->height;
	int x2 = ax > bx ? ax : bx, y2 = ay > by ? ay : by;

	return (struct gui_box){x1, y1, x2 - x1, y2 - y1};
}

bool box_off_screen(const struct gui_box *b, int root_width, int root_height)
{
	return b->x >= root_width || b->y >= root_height || b->x + b->width <= 0 ||
	       b->y + b->height <= 0;
}

static void force_axis(int *pos, int *size, int area_pos, int area_size)
{
	if (*size > area_size)
		*size = area_size;
	if (*pos < area_pos)
		*pos = area_pos;
	if (*pos > area_pos + area_size - *size)
		*pos = area_pos + area_size - *size;
}

bool box_force_inside(struct gui_box *b, const struct gui_box *area, int root_width,
		      int root_height)
{
	struct gui_box old = *b;

	if (box_off_screen(b, root_width, root_height))
		return false;
	force_axis(&b->x, &b->width, area->x, area->width);
	force_axis(&b->y, &b->height, area->y, area->height);
	return !box_equal(b, &old);
}

static bool exceeds(int64_t part, const struct gui_box *area)
{
	return part > (int64_t)area->width * area->height * GUID_OR_PERCENT / 100;
}

bool box_too_large(const struct gui_box *b, const struct gui_box *area)
{
	return exceeds((int64_t)b->width * b->height, area);
}

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static int compare_tops(const void *a, const void *b)
{
	const struct gui_box *x = a, *y = b;

	return (x->y > y->y) - (x->y < y->y);
}

/* Height covered by boxes (sorted by top) in the strip x1..x2, which no box side crosses. */
static int64_t covered_height(const struct gui_box *boxes, size_t n, int x1, int x2)
{
	int64_t sum = 0;
	int bottom = INT32_MIN;

	for (size_t i = 0; i < n; i++) {
		int top = boxes[i].y, end = boxes[i].y + boxes[i].height;

		if (boxes[i].x > x1 || boxes[i].x + boxes[i].width < x2)
			continue;
		if (top < bottom)
			top = bottom;
		if (end > top)
			sum += end - top;
		if (end > bottom)
			bottom = end;
	}
	return sum;
}

bool boxes_cover(const struct gui_box *boxes, size_t n, const struct gui_box *area)
{
	struct gui_box in[GUID_OR_MAX];
	int xs[2 * GUID_OR_MAX];
	int64_t covered = 0;
	size_t k = 0;

	for (size_t i = 0; i < n && i < GUID_OR_MAX; i++)
		if (box_intersect(&boxes[i], area, &in[k]))
			k++;
	if (!k)
		return false;
	qsort(in, k, sizeof(in[0]), compare_tops);
	for (size_t i = 0; i < k; i++) {
		xs[2 * i] = in[i].x;
		xs[2 * i + 1] = in[i].x + in[i].width;
	}
	qsort(xs, 2 * k, sizeof(xs[0]), compare_ints);
	for (size_t i = 0; i + 1 < 2 * k; i++)
		covered += covered_height(in, k, xs[i], xs[i + 1]) * (xs[i + 1] - xs[i]);
	return exceeds(covered, area);
}
