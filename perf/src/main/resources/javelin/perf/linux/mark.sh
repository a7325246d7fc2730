#!/bin/sh
echo "BENCH job $1 $2" > /dev/console
