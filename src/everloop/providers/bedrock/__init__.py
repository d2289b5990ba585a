"""The wire format of AWS Bedrock: Converse and ConverseStream."""
