"""What Humanloop's export tool wrote: a folder of files for each prompt, dataset, tool, evaluator, flow and agent.

The objects in them are those of Humanloop's v5 API. Keys that are not known are no error: they are told of, once each.
"""
