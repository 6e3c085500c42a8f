/* The end of what goes to standard output. */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

/* Is it all out? 0, or a negative errno after logging it. */
int output_finish(void);

#endif
